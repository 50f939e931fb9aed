/* SPDX-License-Identifier: MIT */
/*
 * Interpreter for images of eBPF text (FCC_ARCH_EBPF), for where native code is not wanted. Semantics: RFC 9669. It runs in the place of
 * native code: fcc_enter calls it, fcc_abort_at ends it. Every access is looked up in the instance's region table.
 */
#include "ebpf.h"
#include <fcc_helpers.h>

#if FCC_INTERPRETER

#define MAX_WORDS    12u /* the instance and five pairs, each at an even word */
/* What the address of function i reads as: FUNCTION_TAG + i (compiler/bpf/program.ts). */
#define FUNCTION_TAG 0xfcc0000000000000u

/* Memory whose address need not be aligned to its size. */
typedef struct {
    uint16_t v;
} __attribute__((packed, may_alias)) u16_t;
typedef struct {
    uint32_t v;
} __attribute__((packed, may_alias)) u32_t;
typedef struct {
    uint64_t v;
} __attribute__((packed, may_alias)) u64_t;

typedef struct {
    const insn_t *text;
    const uint32_t *functions; /* offsets in text */
    uint32_t function_count;
    int taken; /* whether the address of any function is taken */
    fcc_instance_t *instance;
    const fcc_instance_region_t *last; /* region of the last access */
    fcc_instance_region_t block; /* writable block as far as frames are in use: none is read or written before its call */
    const kept_t *kept;
    uint32_t kept_count;
    const fcc_import_t *imports;
    uint32_t import_count;
    uint32_t context;
    const insn_t *start; /* of the stretch without jumps that control is in */
    uint32_t due; /* units of fuel for what has run and is not paid */
    uint64_t reg[11];
} run_t;

/* A caller that waits: where it goes on, and what a callee must preserve. */
typedef struct {
    const insn_t *next;
    uint64_t saved[5]; /* r6 to r10 */
} call_t;

static __attribute__((noreturn)) void _trap(const run_t *run, const insn_t *at, uint32_t trap)
{
    fcc_abort_at(run->instance, trap, (uint32_t)(at - run->text) + 1u);
}

static const fcc_instance_region_t *_table(const run_t *run)
{
    return (const void *)(run->instance + 1);
}

static int _holds(const fcc_instance_region_t *region, uint32_t address, uint32_t size, uint32_t rights)
{
    return size <= region->length && address - region->base <= region->length - size && (region->rights & rights) == rights;
}

/* Whether no byte of the context that is to be kept lies in these `size`, which are in it. */
static int _may_write(const run_t *run, uint32_t address, uint32_t size)
{
    uint32_t offset = address - run->context;
    for (uint32_t i = 0; i < run->kept_count; i++) {
        const kept_t *kept = &run->kept[i];
        if (offset < kept->offset + kept->length && kept->offset < offset + size) {
            return 0;
        }
    }
    return 1;
}

/* Address of `size` bytes that the container may read, or with FCC_RIGHT_WRITE also write. */
static inline uint32_t _memory(run_t *run, const insn_t *at, uint64_t address, uint32_t size, uint32_t rights)
{
    uint32_t low = (uint32_t)address;
    const fcc_instance_region_t *region = run->last;
    if ((address >> 32) != 0) {
        _trap(run, at, FCC_TRAP_MEMORY);
    }
    if (!_holds(region, low, size, rights)) {
        region = &run->block;
        for (uint32_t i = FCC_REGION_DATA + 1u; !_holds(region, low, size, rights); i++) {
            if (i == run->instance->region_count) {
                _trap(run, at, FCC_TRAP_MEMORY);
            }
            region = &_table(run)[i];
        }
        run->last = region;
    }
    if ((rights & FCC_RIGHT_WRITE) != 0 && region == &_table(run)[FCC_REGION_CONTEXT] && !_may_write(run, low, size)) {
        _trap(run, at, FCC_TRAP_MEMORY);
    }
    return low;
}

/* Another thread may take the fuel away meanwhile (fcc_stop): one load and one store, whole. A lost 0 is repeated by it. */
static void _spend(run_t *run, const insn_t *at)
{
    uint32_t *fuel = &run->instance->fuel;
    uint32_t left = __atomic_load_n(fuel, __ATOMIC_RELAXED);
    if (left < run->due) {
        _trap(run, at, FCC_TRAP_FUEL);
    }
    __atomic_store_n(fuel, left - run->due, __ATOMIC_RELAXED);
    run->due = 0;
}

/* Control goes on elsewhere: one unit for each slot of the stretch that ends here. It is spent at the next way back or call, so that
 * `due` stays below the slots of the text for each function that waits and one: no sum wraps. */
static inline void _leave(run_t *run, const insn_t *at, const insn_t *target)
{
    run->due += (uint32_t)(at - run->start) + 1u;
    run->start = target;
}

/* Signatures of the helpers, generated from the table that the compiler reads. */
static const fcc_signature_t signatures[] = { FCC_HELPER_SIGNATURES, 0 };

/* The row of a helper; NULL if there is none. */
static const fcc_signature_t *_signature(const fcc_signature_t *row, uint32_t id)
{
    if (row == NULL) {
        return NULL;
    }
    while (row[0] != 0 && row[0] != id) {
        row += row[1] >> 16;
    }
    return row[0] == 0 ? NULL : row;
}

/* Whether an argument lies within the bounds that stand behind it. */
static int _in_range(const fcc_signature_t *bound, int is_wide, uint64_t value)
{
    uint64_t least = bound[0];
    uint64_t most = bound[1];
    if (is_wide) {
        least |= most << 32;
        most = bound[2] | (uint64_t)bound[3] << 32;
    }
    else {
        value = (uint32_t)value;
    }
    return value >= least && value <= most;
}

/* A NUL-terminated string in rodata. */
static void _check_string(run_t *run, const insn_t *at, uint64_t address)
{
    const fcc_instance_region_t *rodata = &_table(run)[FCC_REGION_RODATA];
    for (;; address++) {
        if ((address >> 32) != 0 || !_holds(rodata, (uint32_t)address, 1, FCC_RIGHT_READ)) {
            _trap(run, at, FCC_TRAP_MEMORY);
        }
        if (*(const char *)(uintptr_t)address == 0) {
            return;
        }
    }
}

#if UINTPTR_MAX > UINT32_MAX
/* A register for every argument, as on x86-64 and AArch64: a helper that takes 32 bits does not look at the others. */
typedef uint64_t word_t;
typedef uint64_t (*helper_code_t)(word_t, word_t, word_t, word_t, word_t, word_t);

static uint64_t _jump(uint32_t code, const word_t *w)
{
    return ((helper_code_t)(uintptr_t)code)(w[0], w[1], w[2], w[3], w[4], w[5]);
}

static uint32_t _put_u64(word_t *word, uint32_t at, uint64_t value)
{
    word[at] = value;
    return at + 1u;
}
#else
/* Arguments as words in the order in which a 32-bit ABI takes them: a pair at an even word where it wants that. */
typedef uint32_t word_t;
typedef uint64_t (*helper_code_t)(word_t, word_t, word_t, word_t, word_t, word_t, word_t, word_t, word_t, word_t, word_t, word_t);

static uint64_t _jump(uint32_t code, const word_t *w)
{
    return ((helper_code_t)(uintptr_t)code)(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8], w[9], w[10], w[11]);
}

static uint32_t _put_u64(word_t *word, uint32_t at, uint64_t value)
{
#if FCC_PAIRS_EVEN
    at = (at + 1u) & ~1u;
#endif
    word[at] = (uint32_t)value;
    word[at + 1u] = (uint32_t)(value >> 32);
    return at + 2u;
}
#endif

static void _call_helper(run_t *run, const insn_t *at, uint32_t id)
{
    const fcc_signature_t *row = _signature(signatures, id);
    const uint32_t *code = (const void *)(_table(run) + run->instance->region_count);
    uint32_t slot = 0;
    word_t word[MAX_WORDS] = { (uintptr_t)run->instance };
    uint32_t words = 1;
    int is_outside = 0; /* an argument is out of its range: pointers are judged first */
    while (slot < run->import_count && run->imports[slot].id != id) {
        slot++;
    }
    if (row == NULL) {
        row = _signature(fcc_own_signatures, id);
    }
    if (slot == run->import_count || row == NULL) {
        _trap(run, at, FCC_TRAP_HELPER);
    }
    const fcc_signature_t *argument = row + 2;
    for (uint32_t i = 0; i < (row[1] >> 8 & 0xffu); i++) {
        uint64_t value = run->reg[1 + i];
        uint32_t kind = *argument & ((1u << FCC_ARG_DETAIL) - 1u);
        uint32_t detail = *argument++ >> FCC_ARG_DETAIL;
        if ((kind & FCC_ARG_RANGE) != 0) {
            kind -= FCC_ARG_RANGE;
            is_outside |= !_in_range(argument, kind == FCC_ARG_U64, value);
            argument += kind == FCC_ARG_U64 ? 4 : 2;
        }
        switch (kind) {
        case FCC_ARG_CONTEXT:
            if (value != run->context) {
                _trap(run, at, FCC_TRAP_HELPER);
            }
            break;
        case FCC_ARG_STRING:
            _check_string(run, at, value);
            break;
        case FCC_ARG_U64:
            words = _put_u64(word, words, value);
            continue;
        case FCC_ARG_U32:
            break;
        default: {
            uint32_t rights = kind & FCC_ARG_WRITE ? FCC_RIGHT_READ | FCC_RIGHT_WRITE : FCC_RIGHT_READ;
            uint32_t size = kind & FCC_ARG_FIXED ? detail : (uint32_t)run->reg[1 + detail];
            if (size != 0) {
                _memory(run, at, value, size, rights);
            }
            break;
        }
        }
        word[words++] = (uint32_t)value;
    }
    if (is_outside) {
        _trap(run, at, FCC_TRAP_HELPER);
    }
    uint64_t result = _jump(code[slot], word);
    switch (row[1] & 0xffu) {
    case FCC_RESULT_VOID:
        run->reg[0] = 0;
        break;
    case FCC_RESULT_I32:
        run->reg[0] = (uint64_t)(int32_t)(uint32_t)result;
        break;
    case FCC_RESULT_U64:
        run->reg[0] = result;
        break;
    default:
        run->reg[0] = (uint32_t)result;
        break;
    }
}

static uint64_t _load(uint32_t address, uint32_t opcode)
{
    uintptr_t p = address;
    switch (opcode & 0xf8u) {
    case 0x60: /* MEM | W */
        return ((const u32_t *)p)->v;
    case 0x68:
        return ((const u16_t *)p)->v;
    case 0x70:
        return *(const uint8_t *)p;
    case 0x78:
        return ((const u64_t *)p)->v;
    case 0x80: /* MEMSX | W */
        return (uint64_t)(int32_t)((const u32_t *)p)->v;
    case 0x88:
        return (uint64_t)(int16_t)((const u16_t *)p)->v;
    default:
        return (uint64_t)(int8_t)*(const uint8_t *)p;
    }
}

/* Bytes of an access, by the size bits of its opcode. */
static inline uint32_t _size(uint32_t opcode)
{
    static const uint8_t sizes[4] = { 4, 2, 1, 8 };
    return sizes[opcode >> 3 & 3u];
}

static void _store(uint32_t address, uint32_t opcode, uint64_t value)
{
    uintptr_t p = address;
    switch (opcode & 0x18u) {
    case 0x00:
        ((u32_t *)p)->v = (uint32_t)value;
        break;
    case 0x08:
        ((u16_t *)p)->v = (uint16_t)value;
        break;
    case 0x10:
        *(uint8_t *)p = (uint8_t)value;
        break;
    default:
        ((u64_t *)p)->v = value;
        break;
    }
}

static void _atomic(run_t *run, uint32_t address, uint32_t opcode, uint32_t imm, uint32_t source)
{
    static const uint8_t operations[16] = { [0x0] = FCC_ATOMIC_ADD, [0x4] = FCC_ATOMIC_OR, [0x5] = FCC_ATOMIC_AND,
                                            [0xa] = FCC_ATOMIC_XOR, [0xe] = FCC_ATOMIC_XCHG };
    uint64_t value = run->reg[source];
    uint32_t operation = operations[imm >> 4 & 15u];
    int is_word = (opcode & 0x18u) == 0;
    uint64_t old;
    if (imm == 0xf1u) {
        run->reg[0] = is_word ? fcc_cmpxchg32((uint32_t)run->reg[0], (uint32_t)value, address)
                              : fcc_cmpxchg64(run->reg[0], value, address);
        return;
    }
    old = is_word ? fcc_atomic32((uint32_t)value, address, operation) : fcc_atomic64(value, address, operation);
    if ((imm & 1u) != 0) {
        run->reg[source] = old;
    }
}

/* By hand: not every C library has a routine for what a compiler may make of its own. */
static uint32_t _swap32(uint32_t value)
{
    value = (value << 8 & 0xff00ff00u) | (value >> 8 & 0x00ff00ffu);
    return value << 16 | value >> 16;
}

static uint64_t _swap(uint64_t value, int32_t bits)
{
    uint32_t low = _swap32((uint32_t)value);
    return bits == 16 ? low >> 16 : bits == 32 ? low : (uint64_t)low << 32 | _swap32((uint32_t)(value >> 32));
}

static uint64_t _truncate(uint64_t value, int32_t bits)
{
    return bits == 16 ? (uint16_t)value : bits == 32 ? (uint32_t)value : value;
}

/* mov, and with an offset of 8, 16 or 32 the extending movsx. */
static uint64_t _extend(uint64_t value, int32_t bits)
{
    return bits == 8 ? (uint64_t)(int8_t)value : bits == 16 ? (uint64_t)(int16_t)value : bits == 32 ? (uint64_t)(int32_t)value : value;
}

/* A small core has routines for these; the others' instructions need to be kept from what C leaves open. */
#if FCC_SMALL_CORE
#define MUL64(a, b) fcc_mul64(a, b)

static uint32_t _divide32(int32_t off, uint32_t a, uint32_t b)
{
    return off != 0 ? fcc_sdiv32(a, b) : fcc_udiv32(a, b);
}

static uint32_t _modulo32(int32_t off, uint32_t a, uint32_t b)
{
    return off != 0 ? fcc_smod32(a, b) : fcc_umod32(a, b);
}
#else
#define MUL64(a, b) ((a) * (b))

static uint32_t _divide32(int32_t off, uint32_t a, uint32_t b)
{
    if (b == 0) {
        return 0;
    }
    if (off == 0) {
        return a / b;
    }
    return b == UINT32_MAX ? 0 - a : (uint32_t)((int32_t)a / (int32_t)b);
}

static uint32_t _modulo32(int32_t off, uint32_t a, uint32_t b)
{
    if (b == 0) {
        return a;
    }
    if (off == 0) {
        return a % b;
    }
    return b == UINT32_MAX ? 0 : (uint32_t)((int32_t)a % (int32_t)b);
}
#endif

static uint64_t _alu64(uint32_t opcode, int32_t off, uint64_t a, uint64_t b)
{
    switch (opcode & 0xf0u) {
    case 0x00:
        return a + b;
    case 0x10:
        return a - b;
    case 0x20:
        return MUL64(a, b);
    case 0x30:
        return off != 0 ? fcc_sdiv64(a, b) : fcc_udiv64(a, b);
    case 0x40:
        return a | b;
    case 0x50:
        return a & b;
    case 0x60:
        return a << (b & 63u);
    case 0x70:
        return a >> (b & 63u);
    case 0x80:
        return 0 - a;
    case 0x90:
        return off != 0 ? fcc_smod64(a, b) : fcc_umod64(a, b);
    case 0xa0:
        return a ^ b;
    case 0xb0:
        return _extend(b, off);
    default:
        return (uint64_t)((int64_t)a >> (b & 63u));
    }
}

static uint32_t _alu32(uint32_t opcode, int32_t off, uint32_t a, uint32_t b)
{
    switch (opcode & 0xf0u) {
    case 0x00:
        return a + b;
    case 0x10:
        return a - b;
    case 0x20:
        return a * b;
    case 0x30:
        return _divide32(off, a, b);
    case 0x40:
        return a | b;
    case 0x50:
        return a & b;
    case 0x60:
        return a << (b & 31u);
    case 0x70:
        return a >> (b & 31u);
    case 0x80:
        return 0 - a;
    case 0x90:
        return _modulo32(off, a, b);
    case 0xa0:
        return a ^ b;
    case 0xb0:
        return (uint32_t)_extend(b, off);
    default:
        return (uint32_t)((int32_t)a >> (b & 31u));
    }
}

static int _holds_jump(uint32_t opcode, uint64_t a, uint64_t b)
{
    switch (opcode & 0xf0u) {
    case 0x10:
        return a == b;
    case 0x20:
        return a > b;
    case 0x30:
        return a >= b;
    case 0x40:
        return (a & b) != 0;
    case 0x50:
        return a != b;
    case 0x60:
        return (int64_t)a > (int64_t)b;
    case 0x70:
        return (int64_t)a >= (int64_t)b;
    case 0xa0:
        return a < b;
    case 0xb0:
        return a <= b;
    case 0xc0:
        return (int64_t)a < (int64_t)b;
    default:
        return (int64_t)a <= (int64_t)b;
    }
}

/* Makes the next frame reachable, zeroed: what a program has not written reads as 0. */
static void _push_frame(run_t *run, const fcc_header_t *h)
{
    if (h->frame_length == 0) {
        return;
    }
    uint64_t *word = (void *)(uintptr_t)(run->block.base + run->block.length);
    for (uint32_t i = 0; i < FRAME_BYTES / 8u; i++) {
        word[i] = 0;
    }
    run->block.length += FRAME_BYTES;
    run->reg[FP] += FRAME_BYTES;
}

uint64_t fcc_interpret(uint64_t instance_address, uint64_t code)
{
    fcc_instance_t *instance = (void *)(uintptr_t)instance_address;
    const fcc_header_t *h = (const void *)(uintptr_t)instance->trap;
    const fcc_instance_region_t *table = fcc_regions(instance);
    uint32_t depth = 0;
    call_t calls[MAX_DEPTH - 1u];
    run_t run = { .instance = instance, .last = &table[FCC_REGION_CONTEXT], .context = table[FCC_REGION_CONTEXT].base };
    run.imports = fcc_imports(h);
    run.import_count = h->import_count;
    run.text = (const void *)fcc_text(h);
    run.functions = (const void *)((const uint8_t *)run.text + h->trap_table);
    run.function_count = h->trap_count;
    run.kept_count = run.functions[run.function_count];
    run.kept = (const void *)&run.functions[run.function_count + 1u];
    for (uint32_t i = 0; i < run.function_count; i++) {
        run.taken |= run.functions[i] != FCC_UNKNOWN;
    }
    run.reg[1] = run.context;
    run.reg[2] = table[FCC_REGION_CONTEXT].length;
    /* Frames are the end of the writable block, the first call's lowest. An image without frames does not use r10 at all. */
    run.block = table[FCC_REGION_DATA];
    run.block.length -= h->frame_length;
    run.reg[FP] = run.block.base + run.block.length;
    _push_frame(&run, h);
    const insn_t *next = (const void *)((uintptr_t)code & ~(uintptr_t)7u);
    run.start = next;
    for (;;) {
        const insn_t *at = next++;
        const uint32_t opcode = at->opcode;
        uint64_t *dst = &run.reg[at->regs & 15u];
        uint64_t *src = &run.reg[at->regs >> 4];
        const int64_t imm = at->imm;
        const uint64_t operand = (opcode & 8u) != 0 ? *src : (uint64_t)imm;
        switch (opcode & 7u) {
        case 0: /* LD: lddw */
            *dst = (uint64_t)(uint32_t)next->imm << 32 | (uint32_t)at->imm;
            if ((at->regs >> 4) == SRC_BLOCK) {
                *dst = table[at->imm == 0 ? FCC_REGION_DATA : FCC_REGION_RODATA].base + (uint32_t)next->imm;
            }
            next++;
            break;
        case 1: /* LDX */
            *dst = _load(_memory(&run, at, *src + (uint64_t)(int64_t)at->off, _size(opcode), FCC_RIGHT_READ), opcode);
            break;
        case 2: /* ST */
            _store(_memory(&run, at, *dst + (uint64_t)(int64_t)at->off, _size(opcode), FCC_RIGHT_READ | FCC_RIGHT_WRITE), opcode,
                   (uint64_t)imm);
            break;
        case 3: { /* STX, atomics */
            uint32_t address =
                _memory(&run, at, *dst + (uint64_t)(int64_t)at->off, _size(opcode), FCC_RIGHT_READ | FCC_RIGHT_WRITE);
            if ((opcode & 0xe0u) == 0xc0u) {
                _atomic(&run, address, opcode, (uint32_t)at->imm, at->regs >> 4);
            }
            else {
                _store(address, opcode, *src);
            }
            break;
        }
        case 4: /* ALU */
            if ((opcode & 0xf0u) == 0xd0u) {
                *dst = (opcode & 8u) != 0 ? _swap(*dst, at->imm) : _truncate(*dst, at->imm);
            }
            else {
                *dst = _alu32(opcode, at->off, (uint32_t)*dst, (uint32_t)operand);
            }
            break;
        case 7: /* ALU64 */
            *dst = (opcode & 0xf0u) == 0xd0u ? _swap(*dst, at->imm) : _alu64(opcode, at->off, *dst, operand);
            break;
        default: { /* JMP, JMP32 */
            uint64_t a = *dst;
            uint64_t b = operand;
            const insn_t *target;
            if (opcode == OP_CALL && (at->regs >> 4) != SRC_LOCAL) {
                _call_helper(&run, at, (uint32_t)at->imm);
                break;
            }
            if (opcode == OP_CALL || opcode == OP_CALLX) {
                if (opcode == OP_CALL) {
                    target = next + at->imm;
                }
                else {
                    uint64_t number = a - FUNCTION_TAG;
                    if (number < run.function_count && run.functions[number] != FCC_UNKNOWN) {
                        target = run.text + run.functions[number] / 8u;
                    }
                    else if (!run.taken && a < 0x80000000u) {
                        _call_helper(&run, at, (uint32_t)a);
                        break;
                    }
                    else {
                        _trap(&run, at, FCC_TRAP_HELPER);
                    }
                }
                _leave(&run, at, target);
                _spend(&run, at);
                if (depth + 1u >= MAX_DEPTH) {
                    _trap(&run, at, FCC_TRAP_STACK);
                }
                calls[depth].next = next;
                for (uint32_t i = 0; i < 5; i++) {
                    calls[depth].saved[i] = run.reg[6 + i];
                }
                depth++;
                _push_frame(&run, h);
                next = target;
                break;
            }
            if (opcode == OP_EXIT) {
                if (depth == 0) {
                    /* The last stretch is paid as far as there is fuel: the run has ended anyway. */
                    _leave(&run, at, at);
                    uint32_t left = __atomic_load_n(&instance->fuel, __ATOMIC_RELAXED);
                    __atomic_store_n(&instance->fuel, left - (run.due < left ? run.due : left), __ATOMIC_RELAXED);
                    return run.reg[0];
                }
                depth--;
                run.block.length -= h->frame_length == 0 ? 0 : FRAME_BYTES;
                next = calls[depth].next;
                _leave(&run, at, next);
                for (uint32_t i = 0; i < 5; i++) {
                    run.reg[6 + i] = calls[depth].saved[i];
                }
                break;
            }
            target = next + (opcode == OP_JA32 ? at->imm : at->off);
            if (opcode != OP_JA && opcode != OP_JA32) {
                if ((opcode & 7u) == 6) {
                    /* The signed comparisons need the sign, the others do not mind it: both operands have it. */
                    a = (uint64_t)(int64_t)(int32_t)a;
                    b = (uint64_t)(int64_t)(int32_t)b;
                }
                if (!_holds_jump(opcode, a, b)) {
                    break;
                }
            }
            _leave(&run, at, target);
            if (target <= at) {
                _spend(&run, at);
            }
            next = target;
            break;
        }
        }
    }
}
#endif
