/* SPDX-License-Identifier: MIT */
/* One hostile container after the other, and a look at the neighbours after each. */
#pragma once

void attack_by_loop(void);
void attack_by_recursion(void);
void attack_by_writing(void);
void attack_by_context(void);
void attack_by_helpers(void);
void attack_by_hoarding(void);
