;; A guest that does nothing: tests call the kernel's preview-1 functions from outside. It asks for its
;; arguments, as every libc does at its start, so that the kernel hands over the working directory.
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "test" "chdir" (func $chdir (param i32) (result i32)))
  (memory (export "memory") 4)
  (func (export "_start") (drop (call $sizes (i32.const 16) (i32.const 20))))
  (func (export "boxwright_malloc") (param i32) (result i32) (i32.const 4096))
  (func (export "boxwright_chdir") (param i32) (result i32) (call $chdir (local.get 0)))
)
