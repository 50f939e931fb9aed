/* SPDX-License-Identifier: MIT */
/* Formatting, printing and copying. */
#include "world.h"

static fcc_instance_t *instance;

static void _start(void)
{
    instance = fcc_instance_of(put(ENTRY_ZERO, 0, 0, 0));
}

/* Whether the first characters are the text, with none behind. */
static int _is(const char *bytes, uint32_t count, const char *text)
{
    uint32_t i = 0;
    while (i < count && text[i] != 0 && bytes[i] == text[i]) {
        i++;
    }
    return i == count && text[i] == 0;
}

static void _printf(void)
{
    static const struct {
        const char *format;
        uint32_t value[4];
        const char *text;
    } cases[] = {
        { "", { 0 }, "" },
        { "plain", { 0 }, "plain" },
        { "%d %d %d %d", { 0, 1, 0x7fffffffu, 0x80000000u }, "0 1 2147483647 -2147483648" },
        { "%u %x %u %x", { 0xffffffffu, 0xffffffffu, 0, 0 }, "4294967295 ffffffff 0 0" },
        { "%x%x%x%x", { 0xabcdef01u, 0x10, 9, 10 }, "abcdef01109a" },
        { "%c%c", { 0x141, 'z' }, "Az" },
        { "%d%d%d%d%d%d", { 1, 2, 3, 4 }, "123400" },
        { "100%%", { 0 }, "100%" },
        { "%%%d%%", { 7 }, "%7%" },
        { "%%d", { 7 }, "%d" },
        { "%%%%", { 7 }, "%%" },
        { "%", { 7 }, "%" },
        { "a%", { 7 }, "a%" },
        { "%s%5d%d", { 7 }, "%s%5d7" },
        { "% %u", { 7 }, "% 7" },
        { "%d", { 0xffffffffu }, "-1" },
    };
    _start();
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const uint32_t *v = cases[i].value;
        world.put_count = 0;
        int32_t count = fcc_helper_printf(instance, cases[i].format, v[0], v[1], v[2], v[3]);
        EQUAL(count, world.put_count);
        EQUAL(_is(world.put, world.put_count, cases[i].text) ? -1 : (int)i, -1);
    }
}

static void _fmt(void)
{
    static const struct {
        uint32_t value, digits;
        const char *text;
    } cases[] = {
        { 0, 0, "0" },           { 5, 0xffffffffu, "0.5" },      { 0xfffb, 0xfffffffeu, "-0.05" }, { 2315, 0xfffffffeu, "23.15" },
        { 0x7fff, 0, "32767" },  { 0x8000, 0, "-32768" },        { 0x8000, 0xfffffffcu, "-3.2768" }, { 10000, 0xfffffffcu, "1.0000" },
        { 0xffff0001u, 0, "1" }, { 0, 0xfffffffcu, "0.0000" },   { 1000, 0xfffffffdu, "1.000" },   { 7, 0xfffffffbu, "" },
        { 7, 1, "" },            { 7, 0x80000000u, "" },         { 0xffffu, 0xffffffffu, "-0.1" },
    };
    char out[16];
    _start();
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (uint32_t k = 0; k < sizeof(out); k++) {
            out[k] = '#';
        }
        uint32_t count = fcc_helper_fmt_s16_dfp(instance, out, cases[i].value, cases[i].digits);
        EQUAL(_is(out, count, cases[i].text) ? -1 : (int)i, -1);
        EQUAL(count <= 8 && out[count] == '#', 1);
    }
    static const struct {
        uint32_t value;
        const char *text;
    } decimals[] = { { 0, "0" }, { 9, "9" }, { 10, "10" }, { 4294967295u, "4294967295" }, { 1000000000, "1000000000" } };
    for (uint32_t i = 0; i < 5; i++) {
        out[10] = '#';
        uint32_t count = fcc_helper_fmt_u32_dec(instance, out, decimals[i].value);
        EQUAL(_is(out, count, decimals[i].text) ? -1 : (int)i, -1);
        EQUAL(out[10], '#');
    }
}

static void _memcpy(void)
{
    uint8_t bytes[12];
    _start();
    for (uint32_t from = 0; from < 4; from++) {
        for (uint32_t to = 0; to < 4; to++) {
            for (uint32_t n = 0; n <= 8; n++) {
                for (uint32_t i = 0; i < 12; i++) {
                    bytes[i] = (uint8_t)i;
                }
                fcc_helper_memcpy(instance, bytes + to, bytes + from, n);
                for (uint32_t i = 0; i < 12; i++) {
                    EQUAL(bytes[i], i >= to && i < to + n ? i - to + from : i);
                }
            }
        }
    }
}

/* What prints too much ends; its neighbour prints on. */
static void _print_limit(void)
{
    int64_t result;
    fcc_slot_t *slot = put(ENTRY_PRINT, 0, 0, 0);
    for (uint32_t i = 0; i < 12; i++) {
        EQUAL(run(i, 0, &result), 1);
        EQUAL(result, i < 10 ? 10 : 11);
    }
    EQUAL(_is(world.put, 40, "value 0.0\nvalue 1.0\nvalue 2.0\nvalue 3.0\n"), 1);
    EQUAL(run(0, 0, &result), 0);
    EQUAL(status_of(slot).trap, FCC_TRAP_HELPER);
    EQUAL(world.put_count, sizeof(world.put));
}

const test_t helper_tests[] = {
    { "printf", _printf },
    { "fmt_s16_dfp and fmt_u32_dec", _fmt },
    { "memcpy of overlapping bytes", _memcpy },
    { "a container prints, until the firmware takes no more", _print_limit },
    { NULL, NULL },
};
