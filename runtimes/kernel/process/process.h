/*
 * process.h: what the guest starts with.
 *
 * Contract: process_start runs the image's start program and fills in `process`, or ends the instance with the
 * exit code and message that the image's command would have had. A personality reads `process` afterwards.
 */
#ifndef BOXWRIGHT_PROCESS_H
#define BOXWRIGHT_PROCESS_H

#include "strings.h"

struct process {
  struct strings arguments;   /* the guest's argv */
  struct strings environment;
  struct strings parameters;  /* this run's arguments, without the host's argv[0] */
  u8 cwd[PATH_LIMIT];         /* absolute; logical, as a shell's $PWD */
  u32 cwd_length;
};
extern struct process process;

/* Loads the index, makes the file system, runs the start program. Once. */
void process_start(void);
/* Ends the instance. */
NORETURN void process_exit(u32 code);
u32 process_exit_code(void);

/* Writes the three and a line feed on standard error; then ends. */
NORETURN void process_fail(u32 code, const char *before, const u8 *middle, u32 middle_length, const char *after);
NORETURN void process_out_of_memory(void);

/* cwd.c */
/* Makes `path` (absolute, or relative to cwd) the working directory: 0 or a negative errno. */
int process_chdir(const u8 *path, u32 length);
/* The inode of the working directory, or a negative errno. */
int process_cwd(u32 *ino);
/* The working directory without symbolic links, as getcwd(2) tells it: bytes with a NUL; false: too long. */
bool process_physical_cwd(u8 *to, u32 capacity, u32 *length);
int process_make_directories(const u8 *path, u32 length);

/* exec.c */
/* Resolves arguments[0], shebangs and env; returns when the guest is to start. */
void process_execute(struct strings *arguments);

/* start.c */
/* False: the program executes nothing. Fills `arguments`. */
bool start_run(const u8 *program, u32 size, struct strings *arguments);

#endif
