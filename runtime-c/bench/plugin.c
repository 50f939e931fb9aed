/* SPDX-License-Identifier: MIT */
/*
 * Plug-in for QEMU's code generator: counts, for every address, how often the instruction there was executed and how often the next
 * one was not the one behind it. Source: QEMU 7.2 documentation, "TCG plugins", interface version 1, whose functions are declared
 * here as distributions leave its header out.
 *
 * Arguments, numbers decimal: out=FILE; mark=FIRST:LAST:BANK, from any instruction at these addresses on counts go to that bank (0:
 * nowhere), a later mark before an earlier one; cut=ADDRESS, that instruction ends a section. FILE: for each section a line "section NUMBER", then a line for each instruction that was executed:
 * "ADDRESS BYTES COUNT TAKEN COUNT TAKEN ..." with a pair per bank from 1 on.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define API __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
typedef void (*translate_t)(qemu_plugin_id_t, struct qemu_plugin_tb *);
typedef void (*execute_t)(unsigned int, void *);
typedef void (*end_t)(qemu_plugin_id_t, void *);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, translate_t);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *, execute_t, enum qemu_plugin_cb_flags, void *);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, end_t, void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);

API int qemu_plugin_version = 1;

#define BANKS     3u
#define MAX_MARKS 128u
#define NO_MARK   UINT32_MAX
#define CUT       (UINT32_MAX - 1u)
#define BUCKETS   (1u << 16)

/* One instruction; another one for the same address when the memory there was written. */
typedef struct row {
    struct row *next;    /* in its bucket */
    struct row *touched; /* in the list of this section */
    uint64_t count[BANKS];
    uint64_t taken[BANKS];
    uint32_t address;
    uint32_t size;
    uint32_t mark; /* bank from here on, CUT or NO_MARK */
    int listed;
    uint8_t bytes[8];
} row_t;

static struct {
    uint32_t first;
    uint32_t last;
    uint32_t bank;
} marks[MAX_MARKS];
static uint32_t mark_count;
static row_t *buckets[BUCKETS];
static row_t *touched;
static row_t *before; /* executed last, if it was counted */
static uint32_t bank;
static uint32_t section;
static FILE *out;

static void _fail(const char *why)
{
    fprintf(stderr, "counting: %s\n", why);
    exit(1);
}

static uint32_t _mark_at(uint32_t address)
{
    for (uint32_t i = mark_count; i > 0; i--) {
        if (address >= marks[i - 1].first && address <= marks[i - 1].last) {
            return marks[i - 1].bank;
        }
    }
    return NO_MARK;
}

static row_t *_row(uint32_t address, const void *bytes, uint32_t size)
{
    row_t **bucket = &buckets[(address * 0x9e3779b1u) >> 16];
    for (row_t *row = *bucket; row != NULL; row = row->next) {
        if (row->address == address && row->size == size && memcmp(row->bytes, bytes, size) == 0) {
            return row;
        }
    }
    row_t *row = calloc(1, sizeof(*row));
    if (row == NULL || size > sizeof(row->bytes)) {
        _fail("no memory, or an instruction of more than 8 bytes");
    }
    row->next = *bucket;
    *bucket = row;
    row->address = address;
    row->size = size;
    row->mark = _mark_at(address);
    memcpy(row->bytes, bytes, size);
    return row;
}

static int _by_address(const void *a, const void *b)
{
    uint32_t x = (*(row_t *const *)a)->address;
    uint32_t y = (*(row_t *const *)b)->address;
    return x < y ? -1 : x > y;
}

static void _cut(void)
{
    size_t length = 0;
    for (row_t *row = touched; row != NULL; row = row->touched) {
        length++;
    }
    row_t **sorted = malloc((length + 1) * sizeof(*sorted));
    if (sorted == NULL) {
        _fail("no memory");
    }
    size_t i = 0;
    for (row_t *row = touched; row != NULL; row = row->touched) {
        sorted[i++] = row;
    }
    qsort(sorted, length, sizeof(*sorted), _by_address);
    fprintf(out, "section %u\n", section++);
    for (i = 0; i < length; i++) {
        row_t *row = sorted[i];
        fprintf(out, "%08x ", row->address);
        for (uint32_t k = 0; k < row->size; k++) {
            fprintf(out, "%02x", row->bytes[k]);
        }
        for (uint32_t k = 0; k < BANKS; k++) {
            fprintf(out, " %llu %llu", (unsigned long long)row->count[k], (unsigned long long)row->taken[k]);
            row->count[k] = 0;
            row->taken[k] = 0;
        }
        fprintf(out, "\n");
        row->listed = 0;
    }
    free(sorted);
    touched = NULL;
    before = NULL;
    bank = 0;
}

static void _execute(unsigned int processor, void *data)
{
    (void)processor;
    row_t *row = data;
    if (before != NULL) {
        before->taken[bank - 1] += row->address != before->address + before->size;
    }
    if (row->mark != NO_MARK) {
        if (row->mark == CUT) {
            _cut();
        }
        else {
            bank = row->mark;
        }
    }
    before = NULL;
    if (bank != 0) {
        row->count[bank - 1]++;
        before = row;
        if (!row->listed) {
            row->listed = 1;
            row->touched = touched;
            touched = row;
        }
    }
}

static void _translate(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    (void)id;
    size_t count = qemu_plugin_tb_n_insns(block);
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
        row_t *row = _row((uint32_t)qemu_plugin_insn_vaddr(insn), qemu_plugin_insn_data(insn),
                          (uint32_t)qemu_plugin_insn_size(insn));
        qemu_plugin_register_vcpu_insn_exec_cb(insn, _execute, QEMU_PLUGIN_CB_NO_REGS, row);
    }
}

static void _end(qemu_plugin_id_t id, void *data)
{
    (void)id;
    (void)data;
    _cut();
    fclose(out);
}

static void _add_mark(uint32_t first, uint32_t last, uint32_t to)
{
    if (mark_count == MAX_MARKS || (to > BANKS && to != CUT)) {
        _fail("too many marks or banks");
    }
    marks[mark_count].first = first;
    marks[mark_count].last = last;
    marks[mark_count].bank = to;
    mark_count++;
}

API int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int count, char **arguments)
{
    (void)info;
    for (int i = 0; i < count; i++) {
        char *text = arguments[i];
        if (strncmp(text, "out=", 4) == 0) {
            out = fopen(text + 4, "w");
        }
        else if (strncmp(text, "cut=", 4) == 0) {
            uint32_t address = (uint32_t)strtoul(text + 4, NULL, 0);
            _add_mark(address, address, CUT);
        }
        else if (strncmp(text, "mark=", 5) == 0) {
            unsigned int first;
            unsigned int last;
            unsigned int to;
            if (sscanf(text + 5, "%u:%u:%u", &first, &last, &to) != 3) {
                _fail("a mark is FIRST:LAST:BANK");
            }
            _add_mark(first, last, to);
        }
        else {
            _fail("unknown argument");
        }
    }
    if (out == NULL) {
        _fail("no file to write");
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, _translate);
    qemu_plugin_register_atexit_cb(id, _end, NULL);
    return 0;
}
