/* Faults under a real command, for LD_PRELOAD: reads and looks that fail, and a clock that jumps.

   FAULT_FILES    a part of the path of the files that are meant
   FAULT_ERROR    the number of the error, or 0: then reads are short, or end early
   FAULT_AFTER    bytes of a file that can still be read
   FAULT_SHORT    with error 0: the most bytes that one read gives
   FAULT_OF       which calls: r read, o open, s stat, l list; "r" unless given
   FAULT_SKIP     how many such calls go well before, in all files together
   CLOCK_JUMP     by how many seconds the clock of the day is wrong
   CLOCK_CALLS    how many times it is asked before it jumps
   Only what dynamically linked programs call is seen, and no clock but CLOCK_REALTIME. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static long number(const char *name, long otherwise)
{
    const char *text = getenv(name);
    return text && *text ? atol(text) : otherwise;
}

static int meant(char kind, const char *path)
{
    static long skipped;
    const char *files = getenv("FAULT_FILES"), *of = getenv("FAULT_OF");
    if (!files || !path || !strchr(of && *of ? of : "r", kind) || !strstr(path, files)) return 0;
    return __sync_add_and_fetch(&skipped, 1) > number("FAULT_SKIP", 0);
}

static int named(int fd, char *path)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return 1;
}

/* How many of `wanted` bytes at `at` may be read; -1 if none, with the error. */
static ssize_t allowed(int fd, off_t at, size_t wanted)
{
    char path[PATH_MAX];
    if (!getenv("FAULT_FILES") || at < 0 || !named(fd, path) || !meant('r', path))
        return (ssize_t)wanted;
    long after = number("FAULT_AFTER", 0), error = number("FAULT_ERROR", 0);
    long most = number("FAULT_SHORT", 0);
    if (at < after) {
        size_t left = (size_t)(after - at);
        return (ssize_t)(left < wanted ? left : wanted);
    }
    if (error) {
        errno = (int)error;
        return -1;
    }
    return most && (size_t)most < wanted ? most : most ? (ssize_t)wanted : 0;
}

ssize_t read(int fd, void *to, size_t count)
{
    REAL(read);
    ssize_t most = allowed(fd, lseek(fd, 0, SEEK_CUR), count);
    return most < 0 ? -1 : real(fd, to, (size_t)most);
}

ssize_t pread(int fd, void *to, size_t count, off_t at)
{
    REAL(pread);
    ssize_t most = allowed(fd, at, count);
    return most < 0 ? -1 : real(fd, to, (size_t)most, at);
}

ssize_t pread64(int fd, void *to, size_t count, off64_t at) { return pread(fd, to, count, at); }

ssize_t readv(int fd, const struct iovec *parts, int count)
{
    REAL(readv);
    size_t wanted = 0;
    for (int each = 0; each < count; each++) wanted += parts[each].iov_len;
    ssize_t most = allowed(fd, lseek(fd, 0, SEEK_CUR), wanted);
    if (most < 0) return -1;
    if ((size_t)most == wanted) return real(fd, parts, count);
    size_t first = parts[0].iov_len;
    return read(fd, parts[0].iov_base, (size_t)most < first ? (size_t)most : first);
}

static int refused(char kind, int at, const char *path)
{
    char whole[2 * PATH_MAX] = "";
    if (!getenv("FAULT_FILES") || !path) return 0;
    if (path[0] != '/' && at != AT_FDCWD && named(at, whole)) strcat(whole, "/");
    strncat(whole, path, PATH_MAX);
    if (!meant(kind, whole)) return 0;
    errno = (int)number("FAULT_ERROR", EIO);
    return 1;
}

#define OPENS(name, before, place, ...) \
    int name before \
    { \
        REAL(name); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        return refused('o', place, path) ? -1 : real(__VA_ARGS__, flags, mode); \
    }
OPENS(open, (const char *path, int flags, ...), AT_FDCWD, path)
OPENS(open64, (const char *path, int flags, ...), AT_FDCWD, path)
OPENS(openat, (int at, const char *path, int flags, ...), at, at, path)
OPENS(openat64, (int at, const char *path, int flags, ...), at, at, path)

#define LOOKS(name, before, place, ...) \
    int name before \
    { \
        REAL(name); \
        return refused('s', place, path) ? -1 : real(__VA_ARGS__); \
    }
LOOKS(stat, (const char *path, struct stat *to), AT_FDCWD, path, to)
LOOKS(stat64, (const char *path, struct stat64 *to), AT_FDCWD, path, to)
LOOKS(lstat, (const char *path, struct stat *to), AT_FDCWD, path, to)
LOOKS(lstat64, (const char *path, struct stat64 *to), AT_FDCWD, path, to)
LOOKS(fstatat, (int at, const char *path, struct stat *to, int flags), at, at, path, to, flags)
LOOKS(fstatat64, (int at, const char *path, struct stat64 *to, int flags), at, at, path, to, flags)

static int unlisted(DIR *folder)
{
    char path[PATH_MAX];
    if (!getenv("FAULT_FILES") || !named(dirfd(folder), path) || !meant('l', path)) return 0;
    errno = (int)number("FAULT_ERROR", EIO);
    return 1;
}

struct dirent *readdir(DIR *folder)
{
    REAL(readdir);
    return unlisted(folder) ? NULL : real(folder);
}

struct dirent64 *readdir64(DIR *folder)
{
    REAL(readdir64);
    return unlisted(folder) ? NULL : real(folder);
}

static long jumped(void)
{
    static long asked;
    long jump = number("CLOCK_JUMP", 0);
    return jump && __sync_add_and_fetch(&asked, 1) > number("CLOCK_CALLS", 0) ? jump : 0;
}

int clock_gettime(clockid_t clock, struct timespec *to)
{
    REAL(clock_gettime);
    int code = real(clock, to);
    if (clock == CLOCK_REALTIME && !code) to->tv_sec += jumped();
    return code;
}

int gettimeofday(struct timeval *restrict to, void *restrict zone)
{
    REAL(gettimeofday);
    int code = real(to, zone);
    if (!code) to->tv_sec += jumped();
    return code;
}

time_t time(time_t *to)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (to) *to = now.tv_sec;
    return now.tv_sec;
}
