/* SPDX-License-Identifier: MIT */
/* The endpoint: resources /fcc and below. nanocoap calls it from one thread, one request after the other. */
#include <string.h>
#include "fcc_coap.h"
#include "fmt.h"
#include "irq.h"
#include "net/nanocoap.h"


static const fcc_coap_t *_coap;

void fcc_coap_init(const fcc_coap_t *coap)
{
    _coap = coap;
}

/* A text of many lines, of which one block is sent. */
typedef struct {
    coap_builder_t builder;
    coap_block_slicer_t slicer;
} text_t;

static void _put(text_t *text, const char *s)
{
    coap_blockwise_put_bytes(&text->builder, &text->slicer, s, strlen(s));
}

static void _number(text_t *text, const char *before, uint64_t number)
{
    char digits[20];
    _put(text, before);
    coap_blockwise_put_bytes(&text->builder, &text->slicer, digits, fmt_u64_dec(digits, number));
}

static void _hex(text_t *text, const char *before, const uint8_t *bytes, size_t count)
{
    char digits[32];
    _put(text, before);
    coap_blockwise_put_bytes(&text->builder, &text->slicer, digits, fmt_bytes_hex(digits, bytes, count));
}

static void _id(text_t *text, const char *before, uint32_t id)
{
    uint8_t bytes[4] = { (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id };
    _hex(text, before, bytes, sizeof(bytes));
}

static ssize_t _text_begin(text_t *text, coap_pkt_t *request, uint8_t *buf, size_t length)
{
    int status = coap_block2_init(request, &text->slicer);
    if (status == 0) {
        status = coap_builder_init_reply(&text->builder, buf, length, request, COAP_CODE_CONTENT);
    }
    if (status == 0) {
        coap_opt_put_ct(&text->builder, COAP_FORMAT_TEXT);
        coap_opt_put_block2(&text->builder, &text->slicer);
        coap_builder_add_payload_marker(&text->builder);
    }
    return status;
}

static ssize_t _text_end(text_t *text)
{
    coap_block2_finish(&text->slicer);
    return coap_builder_msg_size(&text->builder);
}

static const char *_state(const fcc_slot_t *slot)
{
    static const char *const names[] = { "idle", "running", "stopped" };
    return slot == NULL ? "empty" : names[fcc_state(slot)];
}

static void _places(text_t *text)
{
    for (uint32_t i = 0; i < _coap->place_count; i++) {
        const fcc_coap_place_t *place = &_coap->places[i];
        const fcc_slot_t *slot = _coap->states[i].slot;
        _number(text, "", i);
        _put(text, " ");
        _put(text, place->name);
        _number(text, " tenant ", place->tenant->info->id);
        _id(text, " hook ", place->hook->info->id);
        _put(text, " ");
        _put(text, _state(slot));
        if (slot != NULL) {
            fcc_status_t status;
            fcc_status(slot, &status);
            _number(text, " runs ", status.runs);
            _number(text, " traps ", status.traps);
        }
        _put(text, "\n");
    }
}

static void _hooks(text_t *text)
{
    for (const fcc_hook_t *hook = _coap->hooks; hook != NULL; hook = hook->next) {
        _id(text, "hook ", hook->info->id);
        if (hook->info->uuid != NULL) {
            _hex(text, " uuid ", hook->info->uuid, 16);
        }
        uint32_t count = 0;
        unsigned state = irq_disable();
        for (const fcc_slot_t *slot = hook->first; slot != NULL; slot = slot->next) {
            count++;
        }
        irq_restore(state);
        _number(text, " containers ", count);
        _put(text, "\n");
    }
}

static void _store(text_t *text)
{
    uint32_t cursor = 0;
    fcc_store_row_t row;
    while (_coap->store != NULL && fcc_store_next(_coap->store, &cursor, &row)) {
        _put(text, row.owner == NULL ? "global" : row.owner == row.payer ? "tenant" : "local");
        _number(text, " tenant ", row.payer->info->id);
        _number(text, " key ", row.key);
        _number(text, " value ", row.value);
        _put(text, "\n");
    }
}

static void _signed(text_t *text, const char *before, int64_t number)
{
    _put(text, before);
    _number(text, number < 0 ? "-" : "", number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

static void _place(text_t *text, const fcc_coap_state_t *state)
{
    fcc_status_t status;
    _signed(text, "status ", state->status);
    _number(text, " received ", state->received);
    _put(text, " ");
    _put(text, _state(state->slot));
    if (state->slot != NULL) {
        fcc_status(state->slot, &status);
        _number(text, " runs ", status.runs);
        _number(text, " traps ", status.traps);
        _number(text, " trap ", status.trap);
        _signed(text, " site ", (int32_t)status.site);
        _signed(text, " result ", (int64_t)status.value);
        _number(text, " instructions ", status.instructions);
    }
    _put(text, "\n");
}

/* A short answer, with the runtime's status if that is not 0. */
static ssize_t _reply(coap_pkt_t *request, uint8_t *buf, size_t length, unsigned code, int status, uint32_t refused)
{
    char text[40];
    size_t n = 0;
    if (status != 0) {
        n = fmt_str(text, "status ");
        n += fmt_s32_dec(text + n, status);
        if (status == FCC_E_HELPER) {
            n += fmt_str(text + n, " helper ");
            n += fmt_u32_dec(text + n, refused);
        }
    }
    return coap_reply_simple(request, code, buf, length, COAP_FORMAT_TEXT, text, n);
}

/* What installing told, as a CoAP code. */
static unsigned _code(int status)
{
    switch (status) {
    case 0:
        return COAP_CODE_CHANGED;
    case FCC_E_RIGHTS:
    case FCC_E_HELPER:
        return COAP_CODE_FORBIDDEN;
    case FCC_E_BUSY:
    case FCC_E_QUOTA:
        return COAP_CODE_CONFLICT;
    default:
        return COAP_CODE_BAD_REQUEST;
    }
}

/* What was written as data is to be fetched as instructions. */
static void _make_visible(void *image, uint32_t length)
{
    __builtin___clear_cache((char *)image, (char *)image + length);
#if defined(__arm__)
    __asm__ volatile("dsb\n isb" ::: "memory");
#elif defined(__riscv)
    __asm__ volatile("fence.i" ::: "memory");
#endif
}

static int _install(const fcc_coap_place_t *place, fcc_coap_state_t *state)
{
    const fcc_header_t *header = place->image;
    /* accept has to see the bytes that are installed: nothing writes them any more while `complete` is set. */
    state->complete = 1;
    int accepted = _coap->accept != NULL ? _coap->accept(place, place->image, state->received)
                                         : state->received >= sizeof(*header) && header->arch == FCC_ARCH_EBPF
                                               && place->hook->info->host.context_kept != NULL;
    if (!accepted) {
        return FCC_E_RIGHTS;
    }
    _make_visible(place->image, state->received);
    fcc_install_t what = {
        .image = place->image, .length = state->received, .memory = place->memory, .memory_length = place->memory_length,
    };
    int status = fcc_install(place->hook, place->tenant, &what, &state->slot);
    state->refused = what.refused;
    if (status != 0) {
        state->slot = NULL;
    }
    return status;
}

static ssize_t _upload(const fcc_coap_place_t *place, fcc_coap_state_t *state, coap_pkt_t *request, uint8_t *buf, size_t length)
{
    coap_block1_t block = { 0 };
    int blockwise = coap_get_block1(request, &block);
    size_t offset = blockwise ? block.offset : 0;
    int last = !blockwise || !block.more;
    unsigned code = last ? COAP_CODE_CHANGED : COAP_CODE_CONTINUE;
    int status = 0;
    if (state->slot != NULL && !(last && state->complete && offset + request->payload_len == state->received)) {
        /* Its text is in use. */
        code = COAP_CODE_CONFLICT;
        status = FCC_E_BUSY;
    }
    else if (state->slot != NULL) {
        /* The last block once more: the answer was lost. */
    }
    else if (request->payload_len > place->image_length || offset > place->image_length - request->payload_len) {
        code = COAP_CODE_REQUEST_ENTITY_TOO_LARGE;
        status = FCC_E_LENGTH;
    }
    else if (offset != 0 && (offset > state->received || state->complete)) {
        code = COAP_CODE_REQUEST_ENTITY_INCOMPLETE;
        status = FCC_E_LENGTH;
    }
    else {
        state->complete = 0;
        memcpy((uint8_t *)place->image + offset, request->payload, request->payload_len);
        state->received = (uint32_t)(offset + request->payload_len);
        if (last) {
            state->status = status = _install(place, state);
            code = _code(status);
        }
    }
    if (!blockwise) {
        return _reply(request, buf, length, code, status, state->refused);
    }
    coap_builder_t builder;
    int error = coap_builder_init_reply(&builder, buf, length, request, code);
    if (error != 0) {
        return error;
    }
    coap_opt_put_block1_control(&builder, &block);
    if (status != 0) {
        char text[16];
        coap_builder_add_payload(&builder, text, fmt_s32_dec(text, status));
    }
    return coap_builder_msg_size(&builder);
}

/* Ends a thread that has been started, whether it still runs or not. */
static void _finish(fcc_coap_state_t *state)
{
    if (state->started) {
        fcc_thread_stop(&state->thread);
        state->started = 0;
    }
}

static int _launch(const fcc_coap_place_t *place, fcc_coap_state_t *state)
{
    if (state->started) {
        if (fcc_state(state->slot) == FCC_STATE_RUNNING) {
            return FCC_E_BUSY;
        }
        fcc_thread_join(&state->thread);
        state->started = 0;
    }
    int status = fcc_state(state->slot) == FCC_STATE_STOPPED ? fcc_restart(state->slot) : 0;
    if (status == 0 && place->stack != NULL) {
        status = fcc_thread_start(&state->thread, place->hook, state->slot, place->stack, place->stack_length, place->priority,
                                  place->context, place->context_length, place->hook->info->fuel);
        state->started = status == 0;
    }
    return status;
}

static int _change(const fcc_coap_place_t *place, fcc_coap_state_t *state, const char *what)
{
    if (what == NULL) {
        _finish(state);
        fcc_stop(state->slot);
        int status = fcc_uninstall(place->hook, state->slot);
        if (status == 0) {
            state->slot = NULL;
            state->received = 0;
            state->complete = 0;
        }
        return status;
    }
    if (strcmp(what, "start") == 0) {
        return _launch(place, state);
    }
    _finish(state);
    fcc_stop(state->slot);
    return 0;
}

/* "3", "3/stop": number of the place, and what follows it. */
static int _parse(const char *path, uint32_t *number, const char **rest)
{
    uint32_t n = 0;
    const char *at = path;
    while (*at >= '0' && *at <= '9' && at - path < 4) {
        n = 10 * n + (uint32_t)(*at++ - '0');
    }
    *number = n;
    *rest = *at == '/' ? at + 1 : NULL;
    return at != path && (*at == '/' || *at == '\0') && n < _coap->place_count;
}

static ssize_t _handle(coap_pkt_t *request, uint8_t *buf, size_t length, coap_request_ctx_t *context)
{
    (void)context;
    char uri[CONFIG_NANOCOAP_URI_MAX];
    if (_coap == NULL) {
        return _reply(request, buf, length, COAP_CODE_SERVICE_UNAVAILABLE, 0, 0);
    }
    if (coap_get_uri_path(request, uri) <= 0 || (uri[4] != '\0' && uri[4] != '/')) {
        return _reply(request, buf, length, COAP_CODE_PATH_NOT_FOUND, 0, 0);
    }
    const char *path = uri[4] == '/' ? uri + 5 : uri + 4;
    unsigned method = coap_method2flag(coap_get_code_detail(request));
    uint32_t number;
    const char *rest;
    text_t text;
    if (_parse(path, &number, &rest)) {
        const fcc_coap_place_t *place = &_coap->places[number];
        fcc_coap_state_t *state = &_coap->states[number];
        if (rest == NULL && method == COAP_PUT) {
            return _upload(place, state, request, buf, length);
        }
        if (rest == NULL && method == COAP_GET) {
            ssize_t status = _text_begin(&text, request, buf, length);
            if (status == 0) {
                _place(&text, state);
                status = _text_end(&text);
            }
            return status;
        }
        if (rest == NULL ? method == COAP_DELETE : method == COAP_POST && (strcmp(rest, "start") == 0 || strcmp(rest, "stop") == 0)) {
            if (state->slot == NULL) {
                return _reply(request, buf, length, COAP_CODE_PATH_NOT_FOUND, FCC_E_NO_ENTRY, 0);
            }
            int status = _change(place, state, rest);
            unsigned code = method == COAP_DELETE && status == 0 ? COAP_CODE_DELETED : _code(status);
            return _reply(request, buf, length, code, status, 0);
        }
        return _reply(request, buf, length, rest == NULL ? COAP_CODE_METHOD_NOT_ALLOWED : COAP_CODE_PATH_NOT_FOUND, 0, 0);
    }
    void (*list)(text_t *) = *path == '\0'                 ? _places
                             : strcmp(path, "hooks") == 0 ? _hooks
                             : strcmp(path, "store") == 0 ? _store
                                                          : NULL;
    if (list == NULL) {
        return _reply(request, buf, length, COAP_CODE_PATH_NOT_FOUND, 0, 0);
    }
    if (method != COAP_GET) {
        return _reply(request, buf, length, COAP_CODE_METHOD_NOT_ALLOWED, 0, 0);
    }
    ssize_t status = _text_begin(&text, request, buf, length);
    if (status == 0) {
        list(&text);
        status = _text_end(&text);
    }
    return status;
}

/* Behind those whose paths are longer, like /fcc/update of fcc_suit. */
XFA_CONST(coap_resource_t, coap_resources_xfa, 1) coap_resource_fcc = {
    .path = "/fcc",
    .methods = COAP_GET | COAP_PUT | COAP_POST | COAP_DELETE | COAP_MATCH_SUBTREE,
    .handler = _handle,
};
