#ifndef MARTLET_CLINUX_H
#define MARTLET_CLINUX_H

#include <stdbool.h>
#include <stdint.h>

// System calls that Swift cannot reach, or that differ between systems. Each returns -1 and sets
// errno where it fails, and retries nothing.

enum {
  martlet_kind_file = 0,
  martlet_kind_directory = 1,
  martlet_kind_link = 2,
  martlet_kind_other = 3,
  // Of a directory's entry only, where the file system does not tell.
  martlet_kind_unknown = 4
};

enum {
  martlet_rename_replacing = 0,
  martlet_rename_exchanging = 1,
  // EEXIST if the new name stands.
  martlet_rename_keeping = 2
};

struct martlet_information {
  int kind;
  uint16_t permissions;
  uint64_t byte_count;
  uint64_t device;
  uint64_t inode;
  int64_t modified;  // nanoseconds since 1970
  int64_t changed;  // nanoseconds since 1970
  bool has_born;
  int64_t born;  // nanoseconds since 1970
};

int martlet_information_of_file(int file, struct martlet_information *out);
int martlet_information_at(const char *path, bool follow, struct martlet_information *out);

/// To the medium, not only to the drive's cache.
int martlet_sync(int file);
/// Everything written to the file system on which an open file lies.
int martlet_sync_file_system(int file);
void martlet_drop_cache(int file);
/// Whether reads and writes go past the system's cache, or no more. Where they do, their places,
/// lengths and buffers are to be multiples of 4096. EINVAL where the file system has no such way.
int martlet_bypass_cache(int file, bool bypasses);
/// EWOULDBLOCK if somebody else has the lock and `wait` is false.
int martlet_lock(int file, bool wait);
/// EROFS, EACCES or EPERM where this program may not make or remove files in a directory.
int martlet_may_write(const char *path);
int martlet_free_byte_count(const char *path, uint64_t *out);

/// Opens a directory below an open one: no step leaves it and none follows a link.
/// ENOSYS where the kernel cannot promise that of a whole path.
int martlet_open_beneath(int directory, const char *path);
/// Opens the directory that stands under a name in an open one; ELOOP for a link.
int martlet_open_step(int directory, const char *name);

// Each does something to what stands under a name in an open directory, and follows no link there.

int martlet_information_in(int directory, const char *name, struct martlet_information *out);
/// Neither waits for the other end of a fifo nor gets a terminal by this.
int martlet_open_in(int directory, const char *name, int flags, unsigned mode);
/// Bytes written to `out`, without a zero; what does not fit is cut off.
long martlet_link_target(int directory, const char *name, char *out, unsigned long capacity);
int martlet_make_link(const char *target, int directory, const char *name);
int martlet_make_directory_in(int directory, const char *name, unsigned mode);
/// EINVAL or ENOSYS where a file system or kernel can only replace.
int martlet_rename_in(int from, const char *name, int to, const char *new_name, int mode);
int martlet_remove_in(int directory, const char *name, bool is_directory);

int martlet_set_permissions(int file, unsigned mode);
/// In nanoseconds since 1970. When it was last read stays as it is.
int martlet_set_modified(int file, int64_t modified);

/// For reading its names; `path` is relative to an open directory, or to the current one if that
/// is -1. What was opened before keeps its place.
void *martlet_open_directory(int directory, const char *path);
/// The next name, and what it is. NULL at the end, with errno 0, or at a failure, with errno set.
const char *martlet_next_name(void *directory, int *kind);
void martlet_close_directory(void *directory);

/// Sees to it that 0, 1 and 2 are taken, so that no file that is opened later gets the number of
/// standard output. What was closed still fails with EBADF.
void martlet_keep_standard_files(void);
/// From now on memory that was given back is kept for what is asked next, up to 256 MiB, save
/// buffers of more than 2 MiB: they are of many lengths, and would leave more holes than they fill.
/// Where the system's allocator has no such setting, nothing happens.
void martlet_reuse_memory(void);
/// From now on SIGINT and SIGTERM are only remembered, however often they come, and a pipe without
/// a reader fails with EPIPE instead of ending the program.
void martlet_catch_signals(void);
/// The first of the signals that came; 0 if none did.
int martlet_caught_signal(void);
/// 1 when something can be read or the end is reached, 0 when time is up or a signal came.
int martlet_wait_for_input(int file, int milliseconds);
/// Columns of the terminal that a file is; 0 if it is none, 80 if it does not say.
int martlet_terminal_width(int file);
/// Milliseconds that only grow.
uint64_t martlet_uptime(void);
/// Bytes written to `out`, without a zero; -1 where the system does not say.
long martlet_program_path(char *out, unsigned long capacity);

#endif
