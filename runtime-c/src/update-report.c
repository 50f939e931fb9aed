/* SPDX-License-Identifier: MIT */
/*
 * The report that `fcc push` asks for, as lines: a word that says what the line is, then pairs of key and value, all with single spaces
 * between. Whoever reads it takes what it knows, so that lines may grow.
 */
#include "fcc_core.h"
#include "update.h"

/* Text that is written as far as there is room, and counted as a whole. */
typedef struct {
    char *text;
    uint32_t length;
    uint32_t at;
} out_t;

static void _put(out_t *out, char c)
{
    if (out->at < out->length) {
        out->text[out->at] = c;
    }
    out->at++;
}

/* A tenth, and in the upper word the rest. Apart, so that all divisions are the same one of the library where a core has none. */
static __attribute__((noinline)) uint64_t _tenth(uint32_t number)
{
    uint32_t tenth = number / 10u;
    return tenth | (uint64_t)(number - tenth * 10u) << 32;
}

static void _decimal(out_t *out, uint64_t number)
{
    char digits[20];
    uint32_t count = 0;
    do {
        /* In steps of 32, 16 and 16 bits: no library's division of 64. Each rest is below 10, so that the next step has at most 20. */
        uint64_t high = _tenth((uint32_t)(number >> 32));
        uint64_t middle = _tenth((uint32_t)(high >> 32) << 16 | (uint32_t)number >> 16);
        uint64_t low = _tenth((uint32_t)(middle >> 32) << 16 | ((uint32_t)number & 0xffffu));
        number = (uint64_t)(uint32_t)high << 32 | (uint32_t)middle << 16 | (uint32_t)low;
        digits[count++] = (char)('0' + (uint32_t)(low >> 32));
    } while (number != 0);
    while (count != 0) {
        _put(out, digits[--count]);
    }
}

/*
 * Text with values in it: # a number, $ a signed one of 64 bits (low word, then high word), @ a string, * a UUID. No number of words can
 * name it all, as strings are pointers and results have 64 bits: hence as many as each takes.
 */
static void _print(out_t *out, const char *format, const uintptr_t *values)
{
    for (; *format != 0; format++) {
        if (*format == '#') {
            _decimal(out, *values++);
        }
        else if (*format == '$') {
            uint64_t number = (uint32_t)values[0] | (uint64_t)values[1] << 32;
            if ((int64_t)number < 0) {
                _put(out, '-');
                number = 0u - number;
            }
            _decimal(out, number);
            values += 2;
        }
        else if (*format == '@') {
            const char *text = (const char *)*values++;
            while (*text != 0) {
                _put(out, *text++);
            }
        }
        else if (*format == '*') {
            const uint8_t *bytes = (const uint8_t *)*values++;
            for (uint32_t i = 0; i < 2u * FCC_UUID_LENGTH; i++) {
                uint32_t digit = bytes[i / 2u] >> ((i & 1u) != 0 ? 0 : 4) & 15u;
                _put(out, (char)(digit < 10u ? '0' + digit : 'a' + digit - 10u));
            }
        }
        else {
            _put(out, *format);
        }
    }
}

/* One of several words in one string, each with a zero behind it. */
static uintptr_t _word(const char *words, uint32_t number)
{
    while (number-- != 0) {
        while (*words++ != 0) {
        }
    }
    return (uintptr_t)words;
}

static void _place(out_t *out, const fcc_place_t *place, const fcc_place_state_t *state)
{
    const fcc_place_record_t *record = &state->record;
    const fcc_hook_info_t *hook = place->hook->info;
    fcc_status_t status;
    uint32_t word = 0;
    uint32_t sequence = 0;
    uint32_t length = 0;
    status.value = status.runs = status.traps = status.trap = 0;
    status.site = FCC_UNKNOWN;
    if (state->container != NULL) {
        fcc_status(state->container, &status);
        word = status.state + 1u;
        sequence = place->factory_sequence;
        length = place->factory_length;
        if (record->active < 2) {
            sequence = record->sequence[record->active];
            length = record->length[record->active];
        }
    }
    _print(out,
           "place @ tenant # hook # contract # image @ sequence # floor # limit # length # trial # of # runs # traps # trap # site # "
           "value $ state @ rejected # rejected-trap # rejected-site #\n",
           (const uintptr_t[]){ (uintptr_t)place->component, place->tenant->info->id, hook->id, hook->contract_hash,
                                _word("0\0001\0none\0factory", record->active), sequence, record->floor, place->slot_length, length,
                                record->trial != 0, place->trial_runs, status.runs, status.traps, status.trap, status.site,
                                (uint32_t)status.value, (uint32_t)(status.value >> 32), _word("none\0idle\0running\0stopped", word),
                                record->rejected, record->trap, record->site });
}

uint32_t fcc_update_report(const fcc_update_t *update, char *text, uint32_t length)
{
    const fcc_update_info_t *info = update->info;
    out_t out = { text, length, 0 };
    _print(&out,
           "device vendor * class * arch # features # interpreter # places #\n"
           "update # phase @ status $ helper # component @ sequence # received # size #\n",
           (const uintptr_t[]){ (uintptr_t)info->vendor, (uintptr_t)info->class_id, FCC_THIS_ARCH, info->places->hook->info->host.features,
                                FCC_INTERPRETER, info->place_count, update->attempts, _word("idle\0fetching\0done", update->phase),
                                (uint32_t)update->status, update->status < 0 ? 0xffffffffu : 0, update->refused,
                                (uintptr_t)(update->place != NULL ? update->place->component : "-"), update->sequence, update->received,
                                update->size });
    for (uint32_t i = 0; i < info->place_count; i++) {
        _place(&out, &info->places[i], &update->states[i]);
    }
    return out.at;
}
