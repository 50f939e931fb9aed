/* SPDX-License-Identifier: MIT */
/*
 * GET /sensor is answered by a container, which reads a thermometer by SAUL and writes the response. The container itself is managed by CoAP, at
 * /fcc. Without a network the application sends the requests to itself, in the form in which they would come from one.
 */
#include <stdio.h>
#include <string.h>
#include "fcc_coap.h"
#include "fcc_riot.h"
#include "net/nanocoap.h"
#include "saul_reg.h"

#include "coap_hook.h"
#include "sensor.h"

#ifdef NETWORK
#include "net/ipv6/addr.h"
#include "net/nanocoap_sock.h"
#include "net/netif.h"
#endif

/* Stack that a container may take of the thread that serves CoAP. */
#define STACK_LENGTH (IS_USED(MODULE_FCC_INTERPRETER) ? 1024u : 192u)
#define PDU_LENGTH 64u
#define ROWS 8u

/* A thermometer that gets warmer, so that there is one on every board. */
static int _read_temperature(const void *device, phydat_t *data)
{
    static int16_t now = 2345;
    (void)device;
    data->val[0] = now++;
    data->unit = UNIT_TEMP_C;
    data->scale = -2;
    return 1;
}
static const saul_driver_t thermometer_driver = { .read = _read_temperature, .write = saul_write_notsup, .type = SAUL_SENSE_TEMP };
static saul_reg_t thermometer = { .name = "thermometer", .driver = &thermometer_driver };

static const fcc_helper_t helpers[] = {
    FCC_RIOT_ROW(fetch_local), FCC_RIOT_ROW(store_local), FCC_RIOT_FORMATS, FCC_RIOT_SAUL, FCC_RIOT_COAP,
};

/* What containers write responses to. */
static uint32_t pdu[PDU_LENGTH / 4u];
static const fcc_grant_t grants[RIOT_COAP_REGIONS] = {
    [RIOT_COAP_REGION_PDU] = { .base = pdu, .length = sizeof(pdu), .rights = FCC_RIGHT_READ | FCC_RIGHT_WRITE },
};
static const fcc_hook_info_t coap_info = RIOT_COAP_HOOK_INFO(0, grants,
    .host.helpers = helpers, .host.helper_count = ARRAY_SIZE(helpers), .host.features = FCC_TARGET_FEATURES,
    .host.stack_length = STACK_LENGTH, .fuel = 2000, .policy = FCC_POLICY_SINGLE);
static fcc_hook_t coap_hook = { .info = &coap_info };
static fcc_hook_t *hooks;

static fcc_store_row_t rows[ROWS];
static fcc_store_t store = { .rows = rows, .count = ROWS };
static const fcc_tenant_info_t tenant_info = {
    .id = 1, .store = &store, .ram = 8192, .time = FCC_UNKNOWN, .containers = 1, .store_rows = ROWS,
};
static fcc_tenant_t tenant = { .info = &tenant_info };

/* One place, with room for images of up to 1 KiB. */
static uint64_t image[128];
static uint64_t memory[FCC_RIOT_MEMORY_WORDS(SENSOR)];
static const fcc_coap_place_t places[] = {
    { .name = "answer", .hook = &coap_hook, .tenant = &tenant, .image = image, .image_length = sizeof(image),
      .memory = memory, .memory_length = sizeof(memory) },
};
static fcc_coap_state_t states[ARRAY_SIZE(places)];

/* Firmware checks a signature here. This one takes the image that it was built with, and what the interpreter runs. */
static int _accept(const fcc_coap_place_t *place, const void *bytes, uint32_t length)
{
    (void)place;
    const fcc_header_t *header = bytes;
    return (length == sizeof(sensor) && memcmp(bytes, sensor, sizeof(sensor)) == 0)
           || (IS_USED(MODULE_FCC_INTERPRETER) && length >= sizeof(*header) && header->arch == FCC_ARCH_EBPF);
}

static ssize_t _sensor(coap_pkt_t *request, uint8_t *buf, size_t length, coap_request_ctx_t *context)
{
    (void)context;
    riot_coap_ctx_t call = { .pdu_length = sizeof(pdu), .method = coap_get_code_raw(request) };
    return fcc_riot_coap_run(&coap_hook, RIOT_COAP_REGION_PDU, &call, sizeof(call), request, buf, length);
}

NANOCOAP_RESOURCE(sensor) { .path = "/sensor", .methods = COAP_GET, .handler = _sensor };

#ifdef NETWORK
static void _serve(void)
{
    static uint8_t buf[256];
    static msg_t queue[8];
    sock_udp_ep_t local = { .port = COAP_PORT, .family = AF_INET6 };
    msg_init_queue(queue, ARRAY_SIZE(queue));
    printf("addresses: ");
    netifs_print_ipv6(" ");
    puts("");
    nanocoap_server(&local, buf, sizeof(buf));
}
#else
#define BLOCK_SIZE_EXPONENT 2u /* blocks of 64 bytes */
#define BLOCK_LENGTH (16u << BLOCK_SIZE_EXPONENT)

/* Sends a request to the resources and prints the response, which may come in blocks, unless more blocks of the request follow. Returns its code. */
static unsigned _request(unsigned method, const char *path, const void *payload, size_t length, int number, unsigned more)
{
    static uint8_t request[160], response[160];
    static uint16_t id;
    static const uint8_t token[2] = { 0xfc, 0xc1 };
    unsigned code;
    int ended;
    coap_block1_t block = { 0 };
    do {
        coap_builder_t builder;
        coap_pkt_t packet;
        coap_request_ctx_t context;
        ssize_t header = coap_build_udp_hdr(request, sizeof(request), COAP_TYPE_CON, token, sizeof(token), method, ++id);
        coap_builder_init(&builder, request, sizeof(request), (size_t)header);
        coap_opt_put_uri_path(&builder, path);
        if (method == COAP_METHOD_GET) {
            coap_opt_put_uint(&builder, COAP_OPT_BLOCK2, block.blknum << 4 | BLOCK_SIZE_EXPONENT);
        }
        if (number >= 0) {
            coap_opt_put_uint(&builder, COAP_OPT_BLOCK1, (uint32_t)number << 4 | more << 3 | BLOCK_SIZE_EXPONENT);
        }
        if (length != 0) {
            coap_builder_add_payload(&builder, payload, length);
        }
        coap_parse_udp(&packet, request, (size_t)coap_builder_msg_size(&builder));
        coap_request_ctx_init(&context, NULL);
        ssize_t made = coap_handle_req(&packet, response, sizeof(response), &context);
        if (made < 0 || coap_parse_udp(&packet, response, (size_t)made) < 0) {
            printf("%s: no response\n", path);
            return 0;
        }
        code = coap_get_code_raw(&packet);
        if (code == COAP_CODE_CONTINUE) {
            return code;
        }
        if (block.blknum == 0) {
            printf("%s: %u.%02u ", path, code >> 5, code & 31u);
        }
        printf("%.*s", (int)packet.payload_len, (const char *)packet.payload);
        ended = packet.payload_len != 0 && packet.payload[packet.payload_len - 1u] == '\n';
        if (!coap_get_block(&packet, &block, COAP_OPT_BLOCK2)) {
            break;
        }
        block.blknum++;
    } while (block.more == 1);
    if (!ended) {
        puts("");
    }
    return code;
}

static void _upload(const char *path, const uint8_t *bytes, uint32_t length)
{
    unsigned code = COAP_CODE_CONTINUE;
    for (uint32_t at = 0; at < length && code == COAP_CODE_CONTINUE; at += BLOCK_LENGTH) {
        uint32_t left = length - at;
        code = _request(COAP_METHOD_PUT, path, bytes + at, left < BLOCK_LENGTH ? left : BLOCK_LENGTH, (int)(at / BLOCK_LENGTH),
                        left > BLOCK_LENGTH);
    }
}

static void _serve(void)
{
    static uint8_t broken[sizeof(sensor)];
    memcpy(broken, sensor, sizeof(sensor));
    broken[sizeof(broken) / 2] ^= 1;

    _request(COAP_METHOD_GET, "/fcc/hooks", NULL, 0, -1, 0);
    _request(COAP_METHOD_GET, "/fcc", NULL, 0, -1, 0);
    _request(COAP_METHOD_GET, "/sensor", NULL, 0, -1, 0); /* nothing answers yet */
    _upload("/fcc/0", broken, sizeof(broken));
    _upload("/fcc/0", sensor, sizeof(sensor));
    _request(COAP_METHOD_GET, "/sensor", NULL, 0, -1, 0);
    _request(COAP_METHOD_GET, "/sensor", NULL, 0, -1, 0);
    _upload("/fcc/0", sensor, sizeof(sensor)); /* it is in use */
    _request(COAP_METHOD_POST, "/fcc/0/stop", NULL, 0, -1, 0);
    _request(COAP_METHOD_GET, "/sensor", NULL, 0, -1, 0);
    _request(COAP_METHOD_GET, "/fcc", NULL, 0, -1, 0);
    _request(COAP_METHOD_POST, "/fcc/0/start", NULL, 0, -1, 0);
    _request(COAP_METHOD_GET, "/sensor", NULL, 0, -1, 0);
    _request(COAP_METHOD_GET, "/fcc/0", NULL, 0, -1, 0);
    _request(COAP_METHOD_GET, "/fcc/store", NULL, 0, -1, 0);
    _request(COAP_METHOD_DELETE, "/fcc/0", NULL, 0, -1, 0);
    _request(COAP_METHOD_GET, "/fcc/1", NULL, 0, -1, 0);
    _request(COAP_METHOD_GET, "/fcc/store", NULL, 0, -1, 0);
    puts("done");
}
#endif

int main(void)
{
    static const fcc_coap_t endpoint = {
        .places = places, .states = states, .place_count = ARRAY_SIZE(places), .hooks = &coap_hook, .store = &store, .accept = _accept,
    };
    saul_reg_add(&thermometer);
    fcc_tenant_period(&tenant);
    fcc_hook_register(&hooks, &coap_hook);
    fcc_coap_init(&endpoint);
    printf("sensor: %u bytes of image, %u of memory\n", (unsigned)sizeof(sensor), (unsigned)fcc_slot_size(sensor));
    _serve();
    return 0;
}
