/* SPDX-License-Identifier: MIT */
/*
 * The way in and out on RIOT's native boards, where the interpreter is what runs. All threads of RIOT are one of the host, so that runs are told apart
 * by their instances.
 */
#include <setjmp.h>
#include <stdlib.h>
#include <fcc.h>
#include "irq.h"

/* A run that has not ended, on the stack of its thread; changed and walked with interrupts off. */
typedef struct frame {
    struct frame *next;
    const fcc_instance_t *instance;
    volatile uint32_t place; /* written between setjmp and longjmp */
    jmp_buf back;
} frame_t;

static frame_t *_frames;

static void _push(frame_t *frame)
{
    unsigned state = irq_disable();
    frame->next = _frames;
    _frames = frame;
    irq_restore(state);
}

static void _remove(const frame_t *frame)
{
    unsigned state = irq_disable();
    frame_t **at = &_frames;
    while (*at != frame) {
        at = &(*at)->next;
    }
    *at = frame->next;
    irq_restore(state);
}

uint64_t fcc_enter(uint32_t context, uintptr_t code, uint32_t context_length, fcc_instance_t *instance)
{
    frame_t frame = { .instance = instance };
    uint64_t value;
    _push(&frame);
    if (setjmp(frame.back) == 0) {
        value = ((uint64_t (*)(uint64_t, uint64_t))code)(context, context_length);
    }
    else {
        value = frame.place;
    }
    _remove(&frame);
    return value;
}

void fcc_abort_at(fcc_instance_t *instance, uint32_t trap, uint32_t place)
{
    unsigned state = irq_disable();
    frame_t *frame = _frames;
    while (frame != NULL && frame->instance != instance) {
        frame = frame->next;
    }
    irq_restore(state);
    if (frame == NULL) {
        abort(); /* the firmware's mistake: nothing runs on this instance */
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
