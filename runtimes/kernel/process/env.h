/*
 * env.h: the env command, without a program of its own (role 2 of the index).
 */
#ifndef BOXWRIGHT_ENV_H
#define BOXWRIGHT_ENV_H

#include "strings.h"

/*
 * Applies `env [-i] [-u NAME]... [-S STRING] [--] [NAME=VALUE]... [COMMAND [ARG]...]` to the process's environment
 * and leaves COMMAND and its arguments. Without a command it prints the environment and ends the instance.
 */
void env_apply(struct strings *arguments);
/* env's message for a command that cannot be executed, with its exit code: 127 not found, else 126. */
NORETURN void env_cannot_execute(int error, const u8 *name, u32 length);

#endif
