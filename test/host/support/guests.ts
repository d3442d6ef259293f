/** Small commands in WebAssembly text, for both ports. */

const WASIP2_IMPORTS = `
  (import "wasi:cli/environment@0.2.0" "get-arguments" (func $arguments (param i32)))
  (import "wasi:cli/environment@0.2.0" "get-environment" (func $environment (param i32)))
  (import "wasi:cli/exit@0.2.0" "exit" (func $exit (param i32)))
  (import "wasi:cli/stdin@0.2.0" "get-stdin" (func $stdin (result i32)))
  (import "wasi:cli/stdout@0.2.0" "get-stdout" (func $stdout (result i32)))
  (import "wasi:cli/stderr@0.2.0" "get-stderr" (func $stderr (result i32)))
  (import "wasi:cli/terminal-stdout@0.2.0" "get-terminal-stdout" (func $terminal (param i32)))
  (import "wasi:io/streams@0.2.0" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.check-write" (func $check (param i32 i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.0" "[resource-drop]output-stream" (func $drop-output (param i32)))
  (import "wasi:io/error@0.2.0" "[resource-drop]error" (func $drop-error (param i32)))
  (import "wasi:io/poll@0.2.0" "poll" (func $poll (param i32 i32 i32)))
  (import "wasi:io/poll@0.2.0" "[method]pollable.ready" (func $ready (param i32) (result i32)))
  (import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $now (result i64)))
  (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $after (param i64) (result i32)))
  (import "wasi:clocks/wall-clock@0.2.0" "now" (func $wall (param i32)))
  (import "wasi:random/random@0.2.0" "get-random-bytes" (func $random (param i64 i32)))
  (import "wasi:random/random@0.2.0" "get-random-u64" (func $random64 (result i64)))`;

/** Memory: results at 0, data at 64, what the host allocates from 4096. */
const COMMON = `
  (memory (export "memory") 32)
  (global $top (mut i32) (i32.const 4096))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
    (global.set $top (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func $say (param $from i32) (param $size i32)
    (call $write (call $stdout) (local.get $from) (local.get $size) (i32.const 0))
    (if (i32.load8_u (i32.const 0)) (then (unreachable))))`;

/** A wasip2 command whose run function has this body; \`declarations\` stand beside it. */
export function wasip2Command(body: string, declarations = ""): string {
  return `(module ${WASIP2_IMPORTS} ${COMMON} ${declarations}
    (func (export "wasi:cli/run@0.2.0#run") (result i32) ${body}))`;
}

/** Prints each string of the list<string> (8 bytes each) or list<tuple<string, string>> at 0, a line each. */
export const PRINT_STRINGS = `
  (data (i32.const 64) "\\n")
  (func $print-list (local $at i32) (local $end i32)
    (local.set $at (i32.load (i32.const 0)))
    (local.set $end (i32.add (local.get $at) (i32.mul (i32.load (i32.const 4)) (i32.const 8))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
      (call $say (i32.load (local.get $at)) (i32.load (i32.add (local.get $at) (i32.const 4))))
      (call $say (i32.const 64) (i32.const 1))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br $next))))`;

/** Copies standard input to standard output until its end. */
export const CAT = `
  (local $in i32)
  (local.set $in (call $stdin))
  (block $done (loop $next
    (call $read (local.get $in) (i64.const 65536) (i32.const 0))
    (br_if $done (i32.load8_u (i32.const 0)))
    (call $say (i32.load (i32.const 4)) (i32.load (i32.const 8)))
    (global.set $top (i32.const 4096))
    (br $next)))
  (i32.const 0)`;

const WASIP1_IMPORTS = `
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args-sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $env-sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $env (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))`;

export function wasip1Command(body: string, declarations = ""): string {
  return `(module ${WASIP1_IMPORTS} (memory (export "memory") 2) ${declarations}
    (func $say (param $from i32) (param $size i32)
      (i32.store (i32.const 0) (local.get $from))
      (i32.store (i32.const 4) (local.get $size))
      (if (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)) (then (unreachable))))
    (func (export "_start") ${body}))`;
}
