/* SPDX-License-Identifier: MIT */
/*
 * The storage backend: places of the engine as locations of RIOT's suit. The engine has judged the manifest before RIOT does, but for one that
 * RIOT's own worker fetched: that is judged in `start`, before the image is fetched.
 */
#include <errno.h>
#include <string.h>
#include "suit_internal.h"
#include "suit.h"
#include "suit/storage.h"
#include "suit/transport/worker.h"
#include "xfa.h"
#include "ztimer.h"

/* A container that waits in a helper or runs long is waited for, this long. */
#define BUSY_MS   10u
#define BUSY_TIME 5000u

XFA_USE(suit_storage_t *, suit_storage_reg);

fcc_update_t *fcc_suit_update;

static const void *_taken;            /* what the engine has taken; NULL: RIOT's own worker has something else */
static uint32_t _number;              /* of the engine's attempt */
static int _started;                  /* whether RIOT got as far as `start` */
static const fcc_place_t *_location;  /* that RIOT has chosen */
static fcc_manifest_t _manifest;

void fcc_suit_take(const void *manifest, uint32_t number)
{
    _taken = manifest;
    _number = number;
    _started = 0;
}

static const fcc_place_t *_find(const char *location)
{
    for (uint32_t i = 0; fcc_suit_update != NULL && i < fcc_suit_update->info->place_count; i++) {
        if (strcmp(fcc_suit_update->info->places[i].component, location) == 0) {
            return &fcc_suit_update->info->places[i];
        }
    }
    return NULL;
}

static int _init(suit_storage_t *storage)
{
    (void)storage;
    return SUIT_OK;
}

static bool _has_location(const suit_storage_t *storage, const char *location)
{
    (void)storage;
    return _find(location) != NULL;
}

static int _set_active_location(suit_storage_t *storage, const char *location)
{
    (void)storage;
    _location = _find(location);
    return _location != NULL ? SUIT_OK : SUIT_ERR_STORAGE_UNAVAILABLE;
}

/* Numbers are kept for each place, and the engine compares them. RIOT compares with the largest of all backends. */
static int _get_seq_no(const suit_storage_t *storage, uint32_t *sequence)
{
    (void)storage;
    *sequence = 0;
    return SUIT_OK;
}

static int _set_seq_no(suit_storage_t *storage, uint32_t sequence)
{
    (void)storage;
    (void)sequence;
    return SUIT_OK;
}

/* Whether the engine is still at the attempt that RIOT works on. */
static int _is_open(void)
{
    return fcc_suit_update != NULL && fcc_suit_update->phase == FCC_UPDATE_FETCHING && fcc_suit_update->attempts == _number;
}

/* Whether an image is fetched, and to the place that RIOT means. */
static int _is_fetching(void)
{
    return _is_open() && _started && _location != NULL && fcc_suit_update->place == _location;
}

static int _begin(suit_storage_t *storage, const suit_manifest_t *manifest, size_t length)
{
    (void)storage;
    int ok = 0;
    fcc_suit_lock();
    if (fcc_suit_update == NULL || _started) {
        /* One image for each manifest. */
    }
    else if (_taken != NULL) {
        _started = manifest->buf == _taken;
    }
    else if ((_number = fcc_update_attempt(fcc_suit_update)) != 0) {
        _started = 1;
        fcc_update_begin(fcc_suit_update, &_manifest, manifest->buf, manifest->len);
    }
    ok = _is_fetching() && fcc_suit_update->size == length;
    fcc_suit_unlock();
    return ok ? SUIT_OK : SUIT_ERR_STORAGE;
}

static int _write(suit_storage_t *storage, const suit_manifest_t *manifest, const uint8_t *bytes, size_t offset, size_t length)
{
    (void)storage;
    (void)manifest;
    int ok = 0;
    fcc_suit_lock();
    if (_is_fetching()) {
        ok = fcc_update_write(fcc_suit_update, offset, bytes, length) == 0;
        fcc_update_poll(fcc_suit_update); /* of other places */
    }
    fcc_suit_unlock();
    return ok ? SUIT_OK : SUIT_ERR_STORAGE;
}

/* RIOT forgets what the last write answered: it counts here. */
static int _finish(suit_storage_t *storage, const suit_manifest_t *manifest)
{
    (void)storage;
    (void)manifest;
    fcc_suit_lock();
    int ok = _is_fetching() && fcc_suit_update->received == fcc_suit_update->size;
    fcc_suit_unlock();
    return ok ? SUIT_OK : SUIT_ERR_STORAGE;
}

static int _read_ptr(suit_storage_t *storage, const uint8_t **bytes, size_t *length)
{
    (void)storage;
    *bytes = NULL;
    *length = 0;
    fcc_suit_lock();
    if (fcc_suit_update != NULL && _started) {
        *bytes = fcc_update_bytes(fcc_suit_update);
        *length = *bytes != NULL ? fcc_suit_update->received : 0;
    }
    fcc_suit_unlock();
    return *bytes != NULL ? SUIT_OK : SUIT_ERR_STORAGE;
}

static int _read(suit_storage_t *storage, uint8_t *buf, size_t offset, size_t length)
{
    const uint8_t *bytes;
    size_t count;
    int status = _read_ptr(storage, &bytes, &count);
    if (status == SUIT_OK && (offset > count || length > count - offset)) {
        status = SUIT_ERR_STORAGE_EXCEEDED;
    }
    if (status == SUIT_OK) {
        memcpy(buf, bytes + offset, length);
    }
    return status;
}

/* RIOT does not look at the answer: the engine keeps it, for its report. */
static int _install(suit_storage_t *storage, const suit_manifest_t *manifest)
{
    (void)storage;
    (void)manifest;
    int status = FCC_E_STORAGE;
    for (uint32_t waited = 0;; waited += BUSY_MS) {
        fcc_suit_lock();
        int last = waited >= BUSY_TIME;
        if (_is_fetching()) {
            status = fcc_update_finish(fcc_suit_update);
            if (status == FCC_E_BUSY && last) {
                fcc_update_cancel(fcc_suit_update, FCC_E_BUSY);
            }
        }
        fcc_suit_unlock();
        if (status != FCC_E_BUSY || last) {
            break;
        }
        ztimer_sleep(ZTIMER_MSEC, BUSY_MS);
    }
    return status == 0 ? SUIT_OK : SUIT_ERR_STORAGE;
}

/* What was fetched is not what the manifest describes. */
static int _erase(suit_storage_t *storage)
{
    (void)storage;
    fcc_suit_lock();
    if (_is_fetching()) {
        fcc_update_cancel(fcc_suit_update, FCC_E_DIGEST);
    }
    fcc_suit_unlock();
    return SUIT_OK;
}

/* RIOT's answers, as the engine's. Those before an image is fetched come only if RIOT is the stricter of the two, or its own worker fetched. */
static const struct {
    int answer, status;
} _answers[] = {
    { SUIT_OK, FCC_E_MANIFEST }, /* it asks for no image */
    { SUIT_ERR_INVALID_MANIFEST, FCC_E_MANIFEST },
    { SUIT_ERR_UNSUPPORTED, FCC_E_MANIFEST },
    { SUIT_ERR_NOT_SUPPORTED, FCC_E_MANIFEST },
    { SUIT_ERR_COND, FCC_E_CLASS }, /* or the vendor */
    { SUIT_ERR_SEQUENCE_NUMBER, FCC_E_SEQUENCE },
    { SUIT_ERR_SIGNATURE, FCC_E_SIGNATURE },
    { SUIT_ERR_DIGEST_MISMATCH, FCC_E_MANIFEST_DIGEST },
    { SUIT_ERR_POLICY_FORBIDDEN, FCC_E_MANIFEST },
    { SUIT_ERR_NO_MEM, FCC_E_LIMIT },
    { -ENOBUFS, FCC_E_LIMIT },
    { SUIT_ERR_STORAGE, FCC_E_STORAGE },
    { SUIT_ERR_STORAGE_EXCEEDED, FCC_E_SIZE },
    { SUIT_ERR_STORAGE_UNAVAILABLE, FCC_E_COMPONENT },
};

static int _status(int answer)
{
    if (_started && answer != SUIT_OK) {
        /* While the image is fetched numbers are those of sockets, but for -1: the length was not that of the manifest. */
        return answer == -1 ? FCC_E_TRUNCATED : answer == SUIT_ERR_STORAGE ? FCC_E_STORAGE : FCC_E_FETCH;
    }
    for (uint32_t i = 0; i < ARRAY_SIZE(_answers); i++) {
        if (_answers[i].answer == answer) {
            return _answers[i].status;
        }
    }
    return FCC_E_FETCH;
}

void fcc_suit_ended(const void *manifest, int answer)
{
    fcc_suit_lock();
    if (fcc_suit_update != NULL && manifest == _taken) {
        if (manifest == NULL && !_started) {
            /* RIOT's own worker did not get to `start`, and nobody has counted the attempt. */
            _number = answer != SUIT_OK ? fcc_update_attempt(fcc_suit_update) : 0;
        }
        if (_is_open()) {
            fcc_update_cancel(fcc_suit_update, _status(answer));
        }
        fcc_suit_take(NULL, 0);
    }
    fcc_suit_unlock();
}

/* RIOT's own worker calls it. The default does nothing but say it, unless the whole firmware was updated. */
void suit_worker_done_cb(int answer)
{
    fcc_suit_ended(NULL, answer);
}

static const suit_storage_driver_t _driver = {
    .init = _init,
    .start = _begin,
    .write = _write,
    .finish = _finish,
    .read = _read,
    .read_ptr = _read_ptr,
    .install = _install,
    .erase = _erase,
    .has_location = _has_location,
    .set_active_location = _set_active_location,
    .get_seq_no = _get_seq_no,
    .set_seq_no = _set_seq_no,
    .separator = '.',
};
static suit_storage_t _storage = { .driver = &_driver };
XFA(suit_storage_t *, suit_storage_reg, 1) _fcc_storage_ptr = &_storage;
