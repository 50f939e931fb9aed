/* SPDX-License-Identifier: MIT */
/* The thread that updates, and looks after images on trial meanwhile. Above all the stack that Ed25519 takes is its own. */
#include <errno.h>
#include <string.h>
#include "suit_internal.h"
#include "mutex.h"
#include "net/nanocoap_sock.h"
#include "suit.h"
#include "suit/conditions.h"
#include "suit/handlers.h"
#include "suit/transport/coap.h"
#include "thread.h"
#include "ztimer.h"

#ifdef CONFIG_FCC_SUIT_STACK
#define STACK CONFIG_FCC_SUIT_STACK
#else
#define STACK (3 * THREAD_STACKSIZE_LARGE) /* as much as RIOT's own worker has */
#endif
#ifdef CONFIG_FCC_SUIT_PRIORITY
#define PRIORITY CONFIG_FCC_SUIT_PRIORITY
#else
#define PRIORITY (THREAD_PRIORITY_MAIN + 1) /* hooks and CoAP go first */
#endif

uint8_t fcc_suit_vendor[FCC_UUID_LENGTH], fcc_suit_class[FCC_UUID_LENGTH];

static mutex_t _lock = MUTEX_INIT;
static mutex_t _wake = MUTEX_INIT_LOCKED; /* unlocked by a trigger */
static int _due;                          /* there was one */
static uint64_t _stack[(STACK + 7u) / 8u];
static char _url[FCC_URI_MAX];            /* of the attempt that runs; written only while none does */
static uint8_t _bytes[FCC_MANIFEST_MAX];  /* of the manifest */
static fcc_manifest_t _manifest;

void fcc_suit_lock(void)
{
    mutex_lock(&_lock);
}

void fcc_suit_unlock(void)
{
    mutex_unlock(&_lock);
}

int fcc_suit_trylock(void)
{
    return mutex_trylock(&_lock);
}

static void _update(void)
{
    fcc_suit_lock();
    uint32_t number = fcc_suit_update->attempts;
    fcc_suit_unlock();
    ssize_t length = nanocoap_get_blockwise_url_to_buf(_url, CONFIG_SUIT_COAP_BLOCKSIZE, _bytes, sizeof(_bytes));
    int status = FCC_E_STOPPED;
    fcc_suit_lock();
    if (fcc_suit_update->attempts != number || fcc_suit_update->phase != FCC_UPDATE_FETCHING) {
        /* The firmware has ended it. */
    }
    else if (length < 0) {
        fcc_update_cancel(fcc_suit_update, length == -ENOBUFS ? FCC_E_LIMIT : FCC_E_FETCH);
    }
    else {
        status = fcc_update_begin(fcc_suit_update, &_manifest, _bytes, (uint32_t)length);
        if (status == 0) {
            fcc_suit_take(_bytes, number);
        }
    }
    fcc_suit_unlock();
    if (status == 0) {
        fcc_suit_ended(_bytes, suit_handle_manifest_buf(_bytes, (size_t)length));
    }
}

static void *_run(void *argument)
{
    (void)argument;
    for (;;) {
        /* The answer says little: if time is up before this thread runs again, it is that, even if the mutex was unlocked before. */
        (void)ztimer_mutex_lock_timeout(ZTIMER_MSEC, &_wake, CONFIG_FCC_SUIT_POLL_MS);
        fcc_suit_lock();
        int due = _due;
        _due = 0;
        fcc_update_poll(fcc_suit_update);
        fcc_suit_unlock();
        if (due) {
            _update();
        }
    }
    return NULL;
}

uint32_t fcc_suit_trigger(const char *url, uint32_t length)
{
    uint32_t number = 0;
    fcc_suit_lock();
    if (fcc_suit_update != NULL && length < sizeof(_url)) {
        number = fcc_update_attempt(fcc_suit_update);
    }
    if (number != 0) {
        memcpy(_url, url, length);
        _url[length] = '\0';
        _due = 1;
        mutex_unlock(&_wake);
    }
    fcc_suit_unlock();
    return number;
}

/* Rows of the table must be of RIOT's list, whose length only RIOT knows: what lies behind it would be believed as a key. */
static int _is_of_riot(const fcc_key_t *row)
{
    cose_key_t key;
    for (unsigned i = 0; i <= UINT8_MAX && suit_get_public_key((uint8_t)i, &key); i++) {
        if (key.x == row->public_key) {
            return 1;
        }
    }
    return 0;
}

int fcc_suit_start(fcc_update_t *update)
{
    const fcc_update_info_t *info = update->info;
    for (uint32_t i = 0; i < info->key_count; i++) {
        if (!_is_of_riot(&info->keys[i])) {
            return FCC_E_KEY;
        }
    }
    memcpy(fcc_suit_vendor, suit_get_vendor_id(), FCC_UUID_LENGTH);
    memcpy(fcc_suit_class, suit_get_class_id(), FCC_UUID_LENGTH);
    fcc_suit_lock();
    int status = fcc_update_boot(update);
    fcc_suit_update = update;
    fcc_suit_unlock();
    if (thread_create((char *)_stack, sizeof(_stack), PRIORITY, 0, _run, NULL, "fcc update") < 0) {
        fcc_suit_update = NULL;
        return FCC_E_PORT;
    }
    return status;
}
