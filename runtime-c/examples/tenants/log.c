/* SPDX-License-Identifier: MIT */
#include "log.h"
#include "board/board.h"
#include <stdarg.h>

uint32_t claims, wrong;

static void _text(const char *s)
{
    for (; *s != '\0'; s++) {
        board_put(*s);
    }
}

static void _number(uint32_t n)
{
    char digits[11];
    char *p = digits + sizeof(digits) - 1;
    *p = '\0';
    do {
        *--p = (char)('0' + n % 10u);
        n /= 10u;
    } while (n != 0);
    _text(p);
}

void say(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            board_put(*format);
            continue;
        }
        format++;
        if (*format == 's') {
            _text(va_arg(values, const char *));
        }
        else {
            uint32_t n = va_arg(values, uint32_t);
            if (*format == 'd' && n >> 31 != 0) {
                board_put('-');
                n = 0 - n;
            }
            _number(n);
        }
    }
    va_end(values);
}

void expect(int holds, const char *claim)
{
    claims++;
    if (!holds) {
        wrong++;
        say("WRONG: %s\n", claim);
    }
}
