#define _GNU_SOURCE
#if defined(__linux__)
#include <malloc.h>
#endif
#include "CLinux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif
#ifdef __linux__
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#endif

static int kind_of(unsigned mode) {
  if (S_ISREG(mode)) return martlet_kind_file;
  if (S_ISDIR(mode)) return martlet_kind_directory;
  if (S_ISLNK(mode)) return martlet_kind_link;
  return martlet_kind_other;
}

static int64_t nanoseconds(int64_t seconds, int64_t rest) {
  int64_t whole;
  if (__builtin_mul_overflow(seconds, INT64_C(1000000000), &whole) ||
      __builtin_add_overflow(whole, rest, &whole))
    return seconds < 0 ? INT64_MIN : INT64_MAX;
  return whole;
}

#ifdef __linux__

static int information(int file, const char *path, int flags, struct martlet_information *out) {
  struct statx status;
  memset(&status, 0, sizeof status);
  if (statx(file, path, flags, STATX_BASIC_STATS | STATX_BTIME, &status) != 0) return -1;
  out->kind = kind_of(status.stx_mode);
  out->permissions = status.stx_mode & 07777;
  out->byte_count = status.stx_size;
  out->device = makedev(status.stx_dev_major, status.stx_dev_minor);
  out->inode = status.stx_ino;
  out->modified = nanoseconds(status.stx_mtime.tv_sec, status.stx_mtime.tv_nsec);
  out->changed = nanoseconds(status.stx_ctime.tv_sec, status.stx_ctime.tv_nsec);
  out->has_born = (status.stx_mask & STATX_BTIME) != 0;
  out->born = out->has_born ? nanoseconds(status.stx_btime.tv_sec, status.stx_btime.tv_nsec) : 0;
  return 0;
}

int martlet_information_of_file(int file, struct martlet_information *out) {
  return information(file, "", AT_EMPTY_PATH, out);
}

int martlet_information_at(const char *path, bool follow, struct martlet_information *out) {
  return information(AT_FDCWD, path, follow ? 0 : AT_SYMLINK_NOFOLLOW, out);
}

int martlet_information_in(int directory, const char *name, struct martlet_information *out) {
  return information(directory, name, AT_SYMLINK_NOFOLLOW, out);
}

int martlet_sync(int file) { return fsync(file); }

int martlet_sync_file_system(int file) { return syncfs(file); }

void martlet_drop_cache(int file) { (void)posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED); }

int martlet_bypass_cache(int file, bool bypasses) {
  int flags = fcntl(file, F_GETFL);
  if (flags == -1) return -1;
  return fcntl(file, F_SETFL, bypasses ? flags | O_DIRECT : flags & ~O_DIRECT);
}

int martlet_open_beneath(int directory, const char *path) {
  struct open_how how;
  memset(&how, 0, sizeof how);
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int martlet_rename_in(int from, const char *name, int to, const char *new_name, int mode) {
  if (mode == martlet_rename_replacing) return renameat(from, name, to, new_name);
  // Older kernels have no headers' words for these, and not every C library has the function.
  unsigned flags = mode == martlet_rename_exchanging ? 2u : 1u;
  return (int)syscall(SYS_renameat2, from, name, to, new_name, flags);
}

#else

static int fill(const struct stat *status, struct martlet_information *out) {
  out->kind = kind_of(status->st_mode);
  out->permissions = status->st_mode & 07777;
  out->byte_count = (uint64_t)status->st_size;
  out->device = (uint64_t)status->st_dev;
  out->inode = status->st_ino;
  out->modified = nanoseconds(status->st_mtimespec.tv_sec, status->st_mtimespec.tv_nsec);
  out->changed = nanoseconds(status->st_ctimespec.tv_sec, status->st_ctimespec.tv_nsec);
  out->has_born = true;
  out->born = nanoseconds(status->st_birthtimespec.tv_sec, status->st_birthtimespec.tv_nsec);
  return 0;
}

int martlet_information_of_file(int file, struct martlet_information *out) {
  struct stat status;
  return fstat(file, &status) == 0 ? fill(&status, out) : -1;
}

int martlet_information_at(const char *path, bool follow, struct martlet_information *out) {
  struct stat status;
  int result = follow ? stat(path, &status) : lstat(path, &status);
  return result == 0 ? fill(&status, out) : -1;
}

int martlet_information_in(int directory, const char *name, struct martlet_information *out) {
  struct stat status;
  int result = fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW);
  return result == 0 ? fill(&status, out) : -1;
}

int martlet_sync(int file) {
  if (fcntl(file, F_FULLFSYNC) == 0) return 0;
  // Network file systems know only the plain call.
  return errno == ENOTSUP || errno == EINVAL ? fsync(file) : -1;
}

int martlet_sync_file_system(int file) {
  return fsync_volume_np(file, SYNC_VOLUME_FULLSYNC | SYNC_VOLUME_WAIT);
}

void martlet_drop_cache(int file) { (void)file; }

int martlet_bypass_cache(int file, bool bypasses) { return fcntl(file, F_NOCACHE, bypasses ? 1 : 0); }

int martlet_open_beneath(int directory, const char *path) {
#if defined(O_RESOLVE_BENEATH) && defined(O_NOFOLLOW_ANY)
  return openat(directory, path,
                O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_RESOLVE_BENEATH | O_NOFOLLOW_ANY);
#else
  (void)directory;
  (void)path;
  errno = ENOSYS;
  return -1;
#endif
}

int martlet_rename_in(int from, const char *name, int to, const char *new_name, int mode) {
  if (mode == martlet_rename_replacing) return renameat(from, name, to, new_name);
  unsigned flags = mode == martlet_rename_exchanging ? RENAME_SWAP : RENAME_EXCL;
  return renameatx_np(from, name, to, new_name, flags);
}

#endif

int martlet_lock(int file, bool wait) { return flock(file, LOCK_EX | (wait ? 0 : LOCK_NB)); }

int martlet_may_write(const char *path) {
  return faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS);
}

int martlet_free_byte_count(const char *path, uint64_t *out) {
  struct statvfs status;
  if (statvfs(path, &status) != 0) return -1;
  if (__builtin_mul_overflow((uint64_t)status.f_bavail, (uint64_t)status.f_frsize, out))
    *out = UINT64_MAX;
  return 0;
}

int martlet_open_step(int directory, const char *name) {
  int file = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (file >= 0 || errno != ENOTDIR) return file;
  // Which it is too, if it is a link.
  struct stat status;
  bool is_link = fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                 S_ISLNK(status.st_mode);
  errno = is_link ? ELOOP : ENOTDIR;
  return -1;
}

int martlet_open_in(int directory, const char *name, int flags, unsigned mode) {
  return openat(directory, name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, mode);
}

long martlet_link_target(int directory, const char *name, char *out, unsigned long capacity) {
  return readlinkat(directory, name, out, capacity);
}

int martlet_make_link(const char *target, int directory, const char *name) {
  return symlinkat(target, directory, name);
}

int martlet_make_directory_in(int directory, const char *name, unsigned mode) {
  return mkdirat(directory, name, (mode_t)mode);
}

int martlet_remove_in(int directory, const char *name, bool is_directory) {
  return unlinkat(directory, name, is_directory ? AT_REMOVEDIR : 0);
}

int martlet_set_permissions(int file, unsigned mode) { return fchmod(file, (mode_t)mode & 07777); }

int martlet_set_modified(int file, int64_t modified) {
  int64_t seconds = modified / 1000000000;
  int64_t rest = modified % 1000000000;
  if (rest < 0) {
    rest += 1000000000;
    seconds -= 1;
  }
  struct timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT},
                              {.tv_sec = (time_t)seconds, .tv_nsec = (long)rest}};
  return futimens(file, times);
}

void *martlet_open_directory(int directory, const char *path) {
  int file = openat(directory < 0 ? AT_FDCWD : directory, path,
                    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return NULL;
  DIR *stream = fdopendir(file);
  if (stream == NULL) {
    int error = errno;
    close(file);
    errno = error;
  }
  return stream;
}

const char *martlet_next_name(void *directory, int *kind) {
  errno = 0;
  struct dirent *entry = readdir((DIR *)directory);
  if (entry == NULL) return NULL;
  switch (entry->d_type) {
    case DT_UNKNOWN: *kind = martlet_kind_unknown; break;
    case DT_REG: *kind = martlet_kind_file; break;
    case DT_DIR: *kind = martlet_kind_directory; break;
    case DT_LNK: *kind = martlet_kind_link; break;
    default: *kind = martlet_kind_other;
  }
  return entry->d_name;
}

void martlet_close_directory(void *directory) { closedir((DIR *)directory); }

static volatile sig_atomic_t caught_signal;

static void remember(int signal) {
  if (caught_signal == 0) caught_signal = signal;
}

void martlet_keep_standard_files(void) {
  for (int file = 0; file <= 2; file++) {
    if (fcntl(file, F_GETFD) != -1 || errno != EBADF) continue;
    // Opened for the other direction, so that using it is still an error. The lowest number that
    // is free is this one.
    if (open("/dev/null", file == 0 ? O_WRONLY : O_RDONLY) == -1) return;
  }
}

void martlet_catch_signals(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  sigemptyset(&action.sa_mask);
  action.sa_handler = remember;
  // Calls go on where they were: who wants to stop asks between them.
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, NULL);
}

int martlet_caught_signal(void) { return caught_signal; }

int martlet_wait_for_input(int file, int milliseconds) {
  struct pollfd entry = {.fd = file, .events = POLLIN, .revents = 0};
  // A file that cannot be waited for can be read at once.
  int count = poll(&entry, 1, milliseconds);
  if (count == -1) return errno == EINTR ? 0 : 1;
  return count;
}

int martlet_terminal_width(int file) {
  if (!isatty(file)) return 0;
  struct winsize size;
  if (ioctl(file, TIOCGWINSZ, &size) == -1 || size.ws_col == 0) return 80;
  return size.ws_col;
}

uint64_t martlet_uptime(void) {
  struct timespec now;
  if (clock_gettime(CLOCK_MONOTONIC, &now) == -1) return 0;
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

long martlet_program_path(char *out, unsigned long capacity) {
#ifdef __APPLE__
  uint32_t size = (uint32_t)capacity;
  if (_NSGetExecutablePath(out, &size) != 0) return -1;
  return (long)strlen(out);
#else
  return readlink("/proc/self/exe", out, capacity);
#endif
}

void martlet_reuse_memory(void) {
#if defined(__GLIBC__)
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 2 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
}
