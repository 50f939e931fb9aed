/* SPDX-License-Identifier: MIT */
/* The way in and out: code of a container is the interpreter here, which returns or is left by longjmp. */
#include <setjmp.h>
#include <stdlib.h>
#include "../../fcc_port.h"

/* A run that has not ended. Runs of one thread nest, where a helper runs another hook. */
typedef struct frame {
    struct frame *outer;
    const fcc_instance_t *instance;
    volatile uint32_t place; /* written between setjmp and longjmp */
    jmp_buf back;
} frame_t;

static _Thread_local frame_t *innermost;

uint64_t fcc_enter(uint32_t context, uintptr_t code, uint32_t context_length, fcc_instance_t *instance)
{
    frame_t frame = { .outer = innermost, .instance = instance };
    uint64_t value;
    innermost = &frame;
    if (setjmp(frame.back) == 0) {
        value = ((uint64_t (*)(uint64_t, uint64_t))code)(context, context_length);
    }
    else {
        value = frame.place;
    }
    innermost = frame.outer;
    return value;
}

void fcc_abort_at(fcc_instance_t *instance, uint32_t trap, uint32_t place)
{
    frame_t *frame = innermost;
    while (frame != NULL && frame->instance != instance) {
        frame = frame->outer;
    }
    if (frame == NULL) {
        abort(); /* the firmware's mistake: nothing runs on this instance in this thread */
    }
    instance->trap = trap;
    frame->place = place;
    longjmp(frame->back, 1);
}

void fcc_abort(fcc_instance_t *instance, uint32_t trap)
{
    fcc_abort_at(instance, trap, 0);
}

void fcc_trapped(void)
{
    abort(); /* of native text, and none runs here */
}
