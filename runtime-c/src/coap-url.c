/* SPDX-License-Identifier: MIT */
/* coap:// URLs with a literal address (RFC 7252, 6.4; RFC 3986, 3.2.2). No zones, no names, no fragments. */
#include "coap.h"

#define DEFAULT_PORT 5683u /* RFC 7252, 6.1 */
#define NO_GAP       17u   /* in 16 bytes */

/* What is left of a URL. */
typedef struct {
    const char *at, *end;
} text_t;

/* The next character, or 0 at the end; none of a URL is 0. */
static uint32_t _peek(const text_t *t)
{
    return t->at != t->end ? (uint8_t)*t->at : 0;
}

static int _skip(text_t *t, uint32_t c)
{
    int is = _peek(t) == c;
    t->at += is;
    return is;
}

/* Value of a digit, 16 or more: none. */
static uint32_t _digit(uint32_t c)
{
    return c - '0' < 10u ? c - '0' : (c | 0x20u) - 'a' < 6u ? (c | 0x20u) - 'a' + 10u : 16u;
}

/* A number of at most so many digits; returns how many there are. The limits keep it below 2^32. */
static uint32_t _number(text_t *t, uint32_t *value, uint32_t base, uint32_t most)
{
    uint32_t count = 0, digit;
    *value = 0;
    while (count < most && t->at != t->end && (digit = _digit(_peek(t))) < base) {
        *value = *value * base + digit;
        t->at++;
        count++;
    }
    return count;
}

static int _ipv4(text_t *t, uint8_t *address)
{
    uint32_t value;
    address[10] = address[11] = 0xff;
    for (uint32_t i = 12; i < 16u; i++) {
        if ((i != 12u && !_skip(t, '.')) || _number(t, &value, 10, 3) == 0 || value > 255u) {
            return 0;
        }
        address[i] = (uint8_t)value;
    }
    return 1;
}

/* Groups up to the bracket (RFC 4291, 2.2: forms 1 and 2). */
static int _ipv6(text_t *t, uint8_t *address)
{
    uint32_t count = 0, gap = NO_GAP, value;
    while (!_skip(t, ']')) {
        if (_skip(t, ':')) {
            if (_skip(t, ':')) {
                if (gap != NO_GAP) {
                    return 0;
                }
                gap = count;
                if (_peek(t) == ']') {
                    continue;
                }
            }
            else if (count == 0) {
                return 0;
            }
        }
        else if (count != 0) {
            return 0;
        }
        if (count == 16u || _number(t, &value, 16, 4) == 0) {
            return 0;
        }
        address[count++] = (uint8_t)(value >> 8);
        address[count++] = (uint8_t)value;
    }
    if ((gap == NO_GAP) != (count == 16u)) {
        return 0;
    }
    /* What stands behind the gap goes to the end; the gap is not empty. */
    for (uint32_t to = 16; gap < count;) {
        address[--to] = address[--count];
        address[count] = 0;
    }
    return 1;
}

/* Path segments or arguments of a query, percent-decoded, each an option. */
static int _parts(text_t *t, coap_writer_t *to, uint32_t number)
{
    uint8_t part[FCC_URI_MAX];
    uint32_t c;
    do {
        uint32_t length = 0;
        while ((c = _peek(t)) != 0 && (number == COAP_URI_PATH ? c != '/' && c != '?' : c != '&')) {
            t->at++;
            if (c <= ' ' || c > '~' || c == '#' || (c == '%' && _number(t, &c, 16, 2) != 2u)) {
                return 0;
            }
            part[length++] = (uint8_t)c;
        }
        fcc_coap_option(to, number, part, length);
        if (c == '?') {
            number = COAP_URI_QUERY;
        }
        t->at += c != 0;
    } while (c != 0);
    return 1;
}

int fcc_coap_url(coap_writer_t *to, fcc_peer_t *peer, const char *url, uint32_t length)
{
    static const char scheme[] = "coap://";
    static const uint8_t ipv4[12] = { [10] = 0xff, [11] = 0xff };
    text_t t = { url + sizeof(scheme) - 1u, url + length };
    uint32_t port = DEFAULT_PORT;
    if (length < sizeof(scheme) || length >= FCC_URI_MAX || !fcc_coap_equal(url, scheme, sizeof(scheme) - 1u)) {
        return 0;
    }
    for (uint32_t i = 0; i < sizeof(peer->address); i++) {
        peer->address[i] = 0;
    }
    if (!(_skip(&t, '[') ? _ipv6(&t, peer->address) : _ipv4(&t, peer->address))
        || (_skip(&t, ':') && (_number(&t, &port, 10, 5) == 0 || port - 1u >= UINT16_MAX))) {
        return 0;
    }
    /* One device is asked, never a group (RFC 7252, 8.1): ff00::/8; 224.0.0.0/4 and what is above. */
    if (peer->address[0] == 0xffu || (fcc_coap_equal(peer->address, ipv4, sizeof(ipv4)) && peer->address[12] >= 224u)) {
        return 0;
    }
    peer->port = (uint16_t)port;
    /* "/" alone is no segment (RFC 7252, 6.4). */
    int is_path = _skip(&t, '/') && _peek(&t) != '?';
    if (_peek(&t) != 0 && (is_path || _skip(&t, '?')) && !_parts(&t, to, is_path ? COAP_URI_PATH : COAP_URI_QUERY)) {
        return 0;
    }
    return t.at == t.end;
}
