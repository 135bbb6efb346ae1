/* judge.h - may a file be trusted at all?  By its place, owner and mode.
 *
 * Everything is judged on an open descriptor, and the same descriptor is
 * loaded later, so nothing can be exchanged between.
 *
 * Threads: any.
 */
#ifndef TARN_PLUGINS_JUDGE_H
#define TARN_PLUGINS_JUDGE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "core/base/types.h"

/* Who is asking; tests put others in. */
struct tarn_judge {
    uid_t uid;
    gid_t gid;
};
struct tarn_judge tarn_judge_self(void);

/* The rules of fault P03.  TARN_BAD_FILE with the rule that is broken.
 * Group-writable is tolerated where the group is the user's own private one
 * (uid = gid, not root), which a umask of 002 produces. */
enum tarn_status tarn_judge_stat(const struct tarn_judge *who,
                                 const struct stat *st, bool folder,
                                 struct tarn_error *err);

/* Opens and judges; *fd is owned by the caller.  `path` of a folder must be
 * absolute. */
enum tarn_status tarn_judge_folder(const struct tarn_judge *who,
                                   const char *path, int *fd,
                                   struct tarn_error *err);
enum tarn_status tarn_judge_file(const struct tarn_judge *who, int folder,
                                 const char *name, int *fd, struct stat *st,
                                 struct tarn_error *err);

/* P02: false if an element of LD_LIBRARY_PATH is empty or relative, so that a
 * library could come from the current folder.  NULL is fine. */
bool tarn_judge_library_path(const char *value);

#endif
