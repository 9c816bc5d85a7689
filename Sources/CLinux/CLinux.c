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

int martlet_sync(int file) { return fsync(file); }

int martlet_sync_file_system(int file) { return syncfs(file); }

void martlet_drop_cache(int file) { (void)posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED); }

int martlet_bypass_cache(int file, bool bypasses) {
  int flags = fcntl(file, F_GETFL);
  if (flags == -1) return -1;
  return fcntl(file, F_SETFL, bypasses ? flags | O_DIRECT : flags & ~O_DIRECT);
}

int martlet_open_beneath(int directory, const char *path, int flags, unsigned mode) {
  struct open_how how;
  memset(&how, 0, sizeof how);
  how.flags = (unsigned)(flags | O_CLOEXEC);
  how.mode = (flags & O_CREAT) ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

#else

static int fill(const struct stat *status, struct martlet_information *out) {
  out->kind = kind_of(status->st_mode);
  out->permissions = status->st_mode & 07777;
  out->byte_count = (uint64_t)status->st_size;
  out->device = (uint64_t)status->st_dev;
  out->inode = status->st_ino;
  out->modified = nanoseconds(status->st_mtimespec.tv_sec, status->st_mtimespec.tv_nsec);
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

int martlet_open_beneath(int directory, const char *path, int flags, unsigned mode) {
#if defined(O_RESOLVE_BENEATH) && defined(O_NOFOLLOW_ANY)
  return openat(directory, path, flags | O_CLOEXEC | O_RESOLVE_BENEATH | O_NOFOLLOW_ANY, mode);
#else
  errno = ENOSYS;
  return -1;
#endif
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

void *martlet_open_directory(const char *path) {
  int file = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return NULL;
  DIR *directory = fdopendir(file);
  if (directory == NULL) {
    int error = errno;
    close(file);
    errno = error;
  }
  return directory;
}

const char *martlet_next_name(void *directory) {
  errno = 0;
  struct dirent *entry = readdir((DIR *)directory);
  return entry == NULL ? NULL : entry->d_name;
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
