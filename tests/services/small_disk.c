/* Makes files below one folder refuse to grow, as on a full disk. Preloaded into a process and those it starts.
 *
 * SMALL_DISK_FOLDER is the folder. While the file SMALL_DISK_FULL is there, its number says how many bytes each process
 * may still add below the folder; then writes fail with ENOSPC. What a file has already may be written again, as a real
 * file system allows it. C's buffered streams are not caught: they call the system from within the library. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long added;

/* How many bytes this process may add; -1 for any number. */
static long room(void) {
    const char *flag = getenv("SMALL_DISK_FULL");
    FILE *file = flag ? fopen(flag, "re") : NULL;
    if (!file) return -1;
    long bytes = 0;
    if (fscanf(file, "%ld", &bytes) != 1) bytes = 0;
    fclose(file);
    return bytes;
}

static int is_below(int handle) {
    const char *folder = getenv("SMALL_DISK_FOLDER");
    if (!folder) return 0;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    size_t most = strlen(folder);
    return strncmp(path, folder, most) == 0 && path[most] == '/';
}

/* Whether so many bytes at an offset (-1 for the current one) do not fit any more. */
static int is_full(int handle, off_t offset, size_t bytes) {
    int before = errno, full = 0;
    struct stat now;
    if (is_below(handle) && fstat(handle, &now) == 0 && S_ISREG(now.st_mode)) {
        if (fcntl(handle, F_GETFL) & O_APPEND) offset = now.st_size;
        if (offset < 0) offset = lseek(handle, 0, SEEK_CUR);
        long growth = (long)(offset + (off_t)bytes - now.st_size);
        long most = growth > 0 ? room() : -1;
        full = most >= 0 && atomic_fetch_add(&added, growth) + growth > most;
    }
    errno = before;
    return full;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define REFUSE_IF_FULL(handle, offset, bytes) \
    if (is_full(handle, offset, bytes)) { errno = ENOSPC; return -1; }

static size_t total(const struct iovec *parts, int count) {
    size_t bytes = 0;
    for (int at = 0; at < count; at++) bytes += parts[at].iov_len;
    return bytes;
}

ssize_t write(int handle, const void *bytes, size_t count) {
    REFUSE_IF_FULL(handle, -1, count);
    return REAL(write)(handle, bytes, count);
}

ssize_t writev(int handle, const struct iovec *parts, int count) {
    REFUSE_IF_FULL(handle, -1, total(parts, count));
    return REAL(writev)(handle, parts, count);
}

ssize_t pwrite(int handle, const void *bytes, size_t count, off_t offset) {
    REFUSE_IF_FULL(handle, offset, count);
    return REAL(pwrite)(handle, bytes, count, offset);
}

ssize_t pwrite64(int handle, const void *bytes, size_t count, off64_t offset) {
    REFUSE_IF_FULL(handle, offset, count);
    return REAL(pwrite64)(handle, bytes, count, offset);
}

ssize_t pwritev(int handle, const struct iovec *parts, int count, off_t offset) {
    REFUSE_IF_FULL(handle, offset, total(parts, count));
    return REAL(pwritev)(handle, parts, count, offset);
}

ssize_t pwritev64(int handle, const struct iovec *parts, int count, off64_t offset) {
    REFUSE_IF_FULL(handle, offset, total(parts, count));
    return REAL(pwritev64)(handle, parts, count, offset);
}

int fallocate(int handle, int mode, off_t offset, off_t count) {
    REFUSE_IF_FULL(handle, offset, (size_t)count);
    return REAL(fallocate)(handle, mode, offset, count);
}

/* This one returns its error. */
int posix_fallocate(int handle, off_t offset, off_t count) {
    if (is_full(handle, offset, (size_t)count)) return ENOSPC;
    return REAL(posix_fallocate)(handle, offset, count);
}

ssize_t copy_file_range(int from, off64_t *from_offset, int to, off64_t *to_offset, size_t count, unsigned flags) {
    REFUSE_IF_FULL(to, to_offset ? *to_offset : -1, count);
    return REAL(copy_file_range)(from, from_offset, to, to_offset, count, flags);
}

ssize_t sendfile(int to, int from, off_t *offset, size_t count) {
    REFUSE_IF_FULL(to, -1, count);
    return REAL(sendfile)(to, from, offset, count);
}
