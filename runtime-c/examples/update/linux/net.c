/* SPDX-License-Identifier: MIT */
/* A UDP socket of the loopback interface. IPv4 addresses are ::ffff:a.b.c.d in an fcc_peer_t. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "linux.h"

typedef union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} address_t;

static int socket_fd = -1;
static sa_family_t family;

uint16_t net_open(uint16_t port, int is_ipv4)
{
    address_t own;
    socklen_t length = is_ipv4 ? sizeof(own.v4) : sizeof(own.v6);
    memset(&own, 0, sizeof(own));
    family = own.any.sa_family = is_ipv4 ? AF_INET : AF_INET6;
    if (is_ipv4) {
        own.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        own.v4.sin_port = htons(port);
    }
    else {
        own.v6.sin6_addr = in6addr_loopback;
        own.v6.sin6_port = htons(port);
    }
    socket_fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket_fd < 0 || bind(socket_fd, &own.any, length) != 0 || getsockname(socket_fd, &own.any, &length) != 0) {
        fail("port %u of the loopback interface cannot be used", port);
    }
    return ntohs(is_ipv4 ? own.v4.sin_port : own.v6.sin6_port);
}

void net_send(void *context, const fcc_peer_t *to, const void *bytes, uint32_t length)
{
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
    address_t address;
    socklen_t address_length = sizeof(address.v6);
    (void)context;
    memset(&address, 0, sizeof(address));
    address.any.sa_family = family;
    if (family == AF_INET6) {
        memcpy(&address.v6.sin6_addr, to->address, 16);
        address.v6.sin6_port = htons(to->port);
        address.v6.sin6_scope_id = to->interface;
    }
    else if (memcmp(to->address, mapped, sizeof(mapped)) == 0) {
        memcpy(&address.v4.sin_addr, to->address + 12, 4);
        address.v4.sin_port = htons(to->port);
        address_length = sizeof(address.v4);
    }
    else {
        return;
    }
    /* What cannot be sent is lost. */
    (void)!sendto(socket_fd, bytes, length, 0, &address.any, address_length);
}

int net_receive(fcc_peer_t *from, void *bytes, uint32_t room, uint32_t milliseconds)
{
    struct pollfd wait = { .fd = socket_fd, .events = POLLIN };
    address_t address;
    socklen_t length = sizeof(address);
    if (poll(&wait, 1, (int)milliseconds) <= 0) {
        return -1;
    }
    ssize_t count = recvfrom(socket_fd, bytes, room, MSG_TRUNC | MSG_DONTWAIT, &address.any, &length);
    if (count < 0 || count > (ssize_t)room) {
        return -1;
    }
    memset(from, 0, sizeof(*from));
    if (address.any.sa_family == AF_INET6) {
        memcpy(from->address, &address.v6.sin6_addr, 16);
        from->port = ntohs(address.v6.sin6_port);
        from->interface = address.v6.sin6_scope_id;
    }
    else {
        from->address[10] = from->address[11] = 0xff;
        memcpy(from->address + 12, &address.v4.sin_addr, 4);
        from->port = ntohs(address.v4.sin_port);
    }
    return (int)count;
}
