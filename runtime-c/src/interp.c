/* SPDX-License-Identifier: MIT */
/*
 * Interpreter for images of eBPF text (FCC_ARCH_EBPF), for where native code is not wanted. Semantics: RFC 9669. It runs in the place of
 * native code: fcc_enter calls it, fcc_abort ends it. Every access is looked up in the instance's region table.
 *
 * Text: slots of 8 bytes, functions one behind the other. A 64-bit immediate with source 6 is the address of a byte of block 0 (data) or 1
 * (rodata). The image's trap table is its table of functions: offset in text by number, FCC_UNKNOWN where nothing takes the address. Behind it: how many
 * stretches of the context are not to be written, and offset and length of each.
 */
#include "interp.h"
#include <fcc_helpers.h>

#if FCC_INTERPRETER

#define OP_LDDW      0x18u
#define OP_CALL      0x85u
#define OP_CALLX     0x8du
#define OP_EXIT      0x95u
#define OP_JA        0x05u
#define OP_JA32      0x06u
#define SRC_LOCAL    1u
#define SRC_BLOCK    6u
#define FP           10u
#define FRAME_BYTES  512u
#define MAX_DEPTH    8u
/* What the address of function i reads as: FUNCTION_TAG + i (compiler/bpf/program.ts). */
#define FUNCTION_TAG 0xfcc0000000000000u

typedef struct {
    uint8_t opcode;
    uint8_t regs; /* destination in the low, source in the high half */
    int16_t off;
    int32_t imm;
} insn_t;

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

/* Bytes of the context that are not to be written, although others are. */
typedef struct {
    uint32_t offset;
    uint32_t length;
} kept_t;

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
    uint64_t reg[11];
} run_t;

/* A caller that waits: where it goes on, and what a callee must preserve. */
typedef struct {
    const insn_t *next;
    uint64_t saved[5]; /* r6 to r10 */
} call_t;

static __attribute__((noreturn)) void _trap(const run_t *run, const insn_t *at, uint32_t trap)
{
    run->instance->trap = (uint32_t)(at - run->text);
    fcc_abort(run->instance, trap);
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

static void _spend(run_t *run, const insn_t *at)
{
    if (run->instance->fuel == 0) {
        _trap(run, at, FCC_TRAP_FUEL);
    }
    run->instance->fuel--;
}

/* Signatures of the helpers, generated from the table that the compiler reads. */
typedef struct {
    uint32_t id;
    uint8_t result;
    uint8_t count;
    uint8_t argument[5]; /* FCC_ARG_... */
    uint8_t detail[5];   /* size of a fixed buffer, or number of the argument that has the length */
} signature_t;

static const signature_t signatures[] = { FCC_HELPER_SIGNATURES };

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

/* Arguments as words in the order in which a 32-bit ABI takes them: a pair at an even word where it wants that. */
typedef uint64_t (*helper_code_t)(uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t,
                                  uint32_t, uint32_t);

static void _call_helper(run_t *run, const insn_t *at, uint32_t id)
{
    const signature_t *s = signatures;
    const signature_t *end = signatures + sizeof(signatures) / sizeof(signatures[0]);
    const uint32_t *code = (const void *)(_table(run) + run->instance->region_count);
    uint32_t slot = 0;
    uint32_t word[12] = { (uint32_t)(uintptr_t)run->instance };
    uint32_t words = 1;
    while (slot < run->import_count && run->imports[slot].id != id) {
        slot++;
    }
    while (s < end && s->id != id) {
        s++;
    }
    if (slot == run->import_count || s == end) {
        _trap(run, at, FCC_TRAP_HELPER);
    }
    for (uint32_t i = 0; i < s->count; i++) {
        uint64_t value = run->reg[1 + i];
        switch (s->argument[i]) {
        case FCC_ARG_CONTEXT:
            if (value != run->context) {
                _trap(run, at, FCC_TRAP_HELPER);
            }
            break;
        case FCC_ARG_STRING:
            _check_string(run, at, value);
            break;
        case FCC_ARG_U64:
#if FCC_PAIRS_EVEN
            words = (words + 1u) & ~1u;
#endif
            word[words++] = (uint32_t)value;
            value >>= 32;
            break;
        case FCC_ARG_U32:
            break;
        default: {
            uint32_t rights = s->argument[i] & FCC_ARG_WRITE ? FCC_RIGHT_READ | FCC_RIGHT_WRITE : FCC_RIGHT_READ;
            uint32_t size = s->argument[i] & FCC_ARG_FIXED ? s->detail[i] : (uint32_t)run->reg[1 + s->detail[i]];
            if (size != 0) {
                _memory(run, at, value, size, rights);
            }
            break;
        }
        }
        word[words++] = (uint32_t)value;
    }
    uint64_t result = ((helper_code_t)(uintptr_t)code[slot])(word[0], word[1], word[2], word[3], word[4], word[5], word[6], word[7],
                                                             word[8], word[9], word[10], word[11]);
    switch (s->result) {
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

uint64_t fcc_interpret(fcc_container_t *container, uint32_t offset, uint32_t context, uint32_t context_length)
{
    const fcc_header_t *h = container->image;
    const fcc_instance_region_t *table = (const void *)(container->instance + 1);
    const fcc_entry_t *entries = (const void *)(h + 1);
    uint32_t depth = 0;
    call_t calls[MAX_DEPTH - 1u];
    run_t run = { .instance = container->instance, .last = &table[FCC_REGION_CONTEXT], .context = context };
    run.imports = (const void *)(entries + h->entry_count);
    run.import_count = h->import_count;
    run.text = (const void *)(((uintptr_t)((const fcc_region_row_t *)(run.imports + h->import_count) + h->region_count) + 7u)
                              & ~(uintptr_t)7u);
    run.functions = (const void *)((const uint8_t *)run.text + h->trap_table);
    run.function_count = h->trap_count;
    run.kept_count = run.functions[run.function_count];
    run.kept = (const void *)&run.functions[run.function_count + 1u];
    for (uint32_t i = 0; i < run.function_count; i++) {
        run.taken |= run.functions[i] != FCC_UNKNOWN;
    }
    run.reg[1] = context;
    run.reg[2] = context_length;
    /* Frames are the end of the writable block, the first call's lowest. An image without frames does not use r10 at all. */
    run.block = table[FCC_REGION_DATA];
    run.block.length -= h->frame_length;
    run.reg[FP] = run.block.base + run.block.length;
    _push_frame(&run, h);
    const insn_t *next = run.text + offset / 8u;
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
            const insn_t *target = next + at->off;
            if (opcode == OP_CALL && (at->regs >> 4) != SRC_LOCAL) {
                _call_helper(&run, at, (uint32_t)at->imm);
                break;
            }
            if (opcode == OP_CALL || opcode == OP_CALLX) {
                target = next + at->imm;
                if (opcode == OP_CALLX) {
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
                    return run.reg[0];
                }
                depth--;
                run.block.length -= h->frame_length == 0 ? 0 : FRAME_BYTES;
                next = calls[depth].next;
                for (uint32_t i = 0; i < 5; i++) {
                    run.reg[6 + i] = calls[depth].saved[i];
                }
                break;
            }
            if (opcode == OP_JA32) {
                target = next + at->imm;
            }
            else if (opcode != OP_JA) {
                if ((opcode & 7u) == 6) {
                    /* The signed comparisons need the sign, the others do not mind it: both operands have it. */
                    a = (uint64_t)(int64_t)(int32_t)a;
                    b = (uint64_t)(int64_t)(int32_t)b;
                }
                if (!_holds_jump(opcode, a, b)) {
                    break;
                }
            }
            if (target <= at) {
                _spend(&run, at);
            }
            next = target;
            break;
        }
        }
    }
}

/* Whether an opcode exists, and what its fields may be. */
static int _known(const insn_t *at, uint32_t slots, uint32_t slot)
{
    const uint32_t opcode = at->opcode;
    const uint32_t operation = opcode & 0xf0u;
    const uint32_t dst = at->regs & 15u;
    const uint32_t src = at->regs >> 4;
    if (dst > FP || (src > FP)) {
        return 0;
    }
    switch (opcode & 7u) {
    case 0:
        return opcode == OP_LDDW && dst != FP && slot + 1u < slots && at[1].opcode == 0
               && (src == 0 || (src == SRC_BLOCK && (uint32_t)at->imm <= 1u));
    case 1:
        return dst != FP && (opcode >> 5 == 3 || (opcode >> 5 == 4 && (opcode & 0x18u) != 0x18u));
    case 2:
        return opcode >> 5 == 3;
    case 3: {
        if (opcode >> 5 == 3) {
            return 1;
        }
        uint32_t imm = (uint32_t)at->imm;
        int fetches = (imm & 1u) != 0;
        int known = (imm & ~0xf1u) == 0
                    && (imm >> 4 == 0x0 || imm >> 4 == 0x4 || imm >> 4 == 0x5 || imm >> 4 == 0xa || (imm >> 4 >= 0xe && fetches));
        return opcode >> 5 == 6 && ((opcode & 0x18u) == 0 || (opcode & 0x18u) == 0x18u) && known && !(fetches && imm != 0xf1u && src == FP);
    }
    case 4:
    case 7:
        if (dst == FP || operation > 0xd0u) {
            return 0;
        }
        if (operation == 0x80u) {
            return (opcode & 8u) == 0;
        }
        if (operation == 0xd0u) {
            return (at->imm == 16 || at->imm == 32 || at->imm == 64) && ((opcode & 7u) == 4 || (opcode & 8u) == 0);
        }
        if (operation == 0x30u || operation == 0x90u) {
            return at->off == 0 || at->off == 1;
        }
        if (operation == 0xb0u && (opcode & 8u) != 0) {
            return at->off == 0 || at->off == 8 || at->off == 16 || (at->off == 32 && (opcode & 7u) == 7);
        }
        return at->off == 0;
    case 5:
        return opcode == OP_CALL ? src <= SRC_LOCAL : opcode == OP_CALLX || opcode == OP_EXIT || opcode == OP_JA
               || (operation != 0 && operation <= 0xd0u && operation != 0x80u && operation != 0x90u);
    default:
        return opcode == OP_JA32 || (operation != 0 && operation <= 0xd0u && operation != 0x80u && operation != 0x90u);
    }
}

/* Whether control may go to this slot: it exists and is not the second one of a 64-bit immediate, whose opcode is 0. */
static int _is_place(const insn_t *text, uint32_t slots, uint32_t slot)
{
    return slot < slots && text[slot].opcode != 0;
}

int fcc_check_ebpf(const fcc_header_t *h, const void *text_bytes)
{
    const insn_t *text = text_bytes;
    const fcc_entry_t *entry = (const void *)(h + 1);
    const uint32_t slots = h->trap_table / 8u;
    if (slots == 0 || (h->trap_table & 7u) != 0 || (h->frame_length != 0 && h->frame_length < MAX_DEPTH * FRAME_BYTES)) {
        return 0;
    }
    for (uint32_t slot = 0; slot < slots; slot++) {
        const insn_t *at = &text[slot];
        const uint32_t kind = at->opcode & 7u;
        if (!_known(at, slots, slot)) {
            return 0;
        }
        if (kind >= 5 && kind <= 6 && at->opcode != OP_EXIT && at->opcode != OP_CALLX) {
            int is_local = at->opcode == OP_CALL && (at->regs >> 4) == SRC_LOCAL;
            int64_t distance = is_local || at->opcode == OP_JA32 ? at->imm : at->off;
            int64_t target = (int64_t)slot + 1 + distance;
            if ((at->opcode != OP_CALL || is_local)
                && (target < 0 || target >= (int64_t)slots || !_is_place(text, slots, (uint32_t)target))) {
                return 0;
            }
        }
        if (at->opcode == OP_LDDW) {
            slot++;
        }
    }
    /* Control leaves the last slot by a jump or not at all. The slot before it may be of any kind: it is no jump's second half. */
    uint32_t last = text[slots - 1u].opcode;
    if (last != OP_EXIT && last != OP_JA && last != OP_JA32) {
        return 0;
    }
    for (uint32_t i = 0; i < h->entry_count; i++) {
        if ((entry[i].offset & 7u) != 0 || !_is_place(text, slots, entry[i].offset / 8u)) {
            return 0;
        }
    }
    const uint32_t *function = (const void *)((const uint8_t *)text_bytes + h->trap_table);
    for (uint32_t i = 0; i < h->trap_count; i++) {
        if (function[i] != FCC_UNKNOWN && ((function[i] & 7u) != 0 || !_is_place(text, slots, function[i] / 8u))) {
            return 0;
        }
    }
    /* What to keep of the context lies in it, so that no sum wraps. */
    uint32_t words = (h->text_length - h->trap_table) / 4u - h->trap_count;
    if (words == 0 || function[h->trap_count] > (words - 1u) / 2u) {
        return 0;
    }
    const kept_t *kept = (const void *)&function[h->trap_count + 1u];
    for (uint32_t i = 0; i < function[h->trap_count]; i++) {
        if (kept[i].offset > FCC_MAX_LENGTH || kept[i].length > FCC_MAX_LENGTH) {
            return 0;
        }
    }
    return 1;
}
#endif
