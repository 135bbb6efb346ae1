/* judge.c - see judge.h. */
#include "plugins/judge.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/error.h"

struct tarn_judge tarn_judge_self(void)
{
    return (struct tarn_judge){ .uid = geteuid(), .gid = getegid() };
}

enum tarn_status tarn_judge_stat(const struct tarn_judge *who,
                                 const struct stat *st, bool folder,
                                 struct tarn_error *err)
{
    const char *what = folder ? "its folder" : "the file";
    bool kind = folder ? S_ISDIR(st->st_mode) : S_ISREG(st->st_mode);
    if (!kind)
        return tarn_fail(err, TARN_BAD_FILE, "it is not a %s",
                         folder ? "folder" : "regular file");
    if (st->st_uid != 0 && st->st_uid != who->uid)
        return tarn_fail(err, TARN_BAD_FILE,
                         "%s belongs to user %lu, neither to you nor to root",
                         what, (unsigned long)st->st_uid);
    if (st->st_mode & S_IWOTH)
        return tarn_fail(err, TARN_BAD_FILE,
                         "%s can be written by everybody; chmod o-w mends it",
                         what);
    bool private_group = st->st_uid == who->uid && st->st_gid == who->gid &&
                         who->uid == who->gid && who->uid != 0;
    if ((st->st_mode & S_IWGRP) && !private_group)
        return tarn_fail(err, TARN_BAD_FILE,
                         "%s can be written by its group; chmod g-w mends it",
                         what);
    if (!folder && st->st_nlink > 1)
        return tarn_fail(err, TARN_BAD_FILE,
                         "the file has %lu hard links, so it can be changed "
                         "from elsewhere (perf record makes such links); a "
                         "copy put in its place mends it",
                         (unsigned long)st->st_nlink);
    return TARN_OK;
}

enum tarn_status tarn_judge_folder(const struct tarn_judge *who,
                                   const char *path, int *fd,
                                   struct tarn_error *err)
{
    if (path[0] != '/')
        return tarn_fail(err, TARN_BAD_FILE,
                         "it is not an absolute path, which a folder of "
                         "plugins must be");
    int f = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (f < 0)
        return tarn_fail(err, TARN_IO, "%s",
                         errno == ELOOP ? "it is a symbolic link"
                                        : strerror(errno));
    struct stat st;
    enum tarn_status s = TARN_OK;
    if (fstat(f, &st))
        s = tarn_fail(err, TARN_IO, "%s", strerror(errno));
    else
        s = tarn_judge_stat(who, &st, true, err);
    if (s)
        close(f);
    else
        *fd = f;
    return s;
}

enum tarn_status tarn_judge_file(const struct tarn_judge *who, int folder,
                                 const char *name, int *fd, struct stat *st,
                                 struct tarn_error *err)
{
    /* O_NONBLOCK: a FIFO must not block the start. */
    int f =
        openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (f < 0)
        return tarn_fail(err, TARN_IO, "%s",
                         errno == ELOOP ? "it is a symbolic link"
                                        : strerror(errno));
    enum tarn_status s = TARN_OK;
    if (fstat(f, st))
        s = tarn_fail(err, TARN_IO, "%s", strerror(errno));
    else
        s = tarn_judge_stat(who, st, false, err);
    if (s)
        close(f);
    else
        *fd = f;
    return s;
}

bool tarn_judge_library_path(const char *value)
{
    if (!value || !*value)
        return true;
    for (const char *p = value;; p++) {
        if (*p != '/') /* at the beginning of an element */
            return false;
        p += strcspn(p, ":;");
        if (!*p)
            return true;
    }
}
