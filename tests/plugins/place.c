/* place.c - see place.h.  A place that can't be made ends the test program:
 * nothing it would say after that is worth anything. */
#include "tests/plugins/place.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *place_stubs = ".";

static void must(bool ok, const char *what)
{
    if (!ok) {
        printf("Bail out! %s\n", what);
        exit(99);
    }
}

static void make_folder(char *out, size_t room, const char *root,
                        const char *name)
{
    snprintf(out, room, "%s/%s", root, name);
    must(mkdir(out, 0755) == 0, out);
}

void place_begin(struct place *p)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(p->root, sizeof p->root, "%s/tarn-plugins-XXXXXX",
             tmp && tmp[0] == '/' ? tmp : "/tmp");
    must(mkdtemp(p->root) != NULL, p->root);
    make_folder(p->plugins, sizeof p->plugins, p->root, "plugins");
    make_folder(p->cache, sizeof p->cache, p->root, "cache");
    make_folder(p->empty, sizeof p->empty, p->root, "empty");
    snprintf(p->mark, sizeof p->mark, "%s/mark", p->root);
    unsetenv("TARN_TEST_MARK");
}

static void remove_files(const char *folder)
{
    DIR *d = opendir(folder);
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        char path[8192];
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (e->d_name[0] != '.')
            unlink(path);
    }
    if (d)
        closedir(d);
}

void place_end(struct place *p)
{
    remove_files(p->plugins);
    remove_files(p->cache);
    remove_files(p->empty);
    unlink(p->mark);
    rmdir(p->plugins);
    rmdir(p->cache);
    rmdir(p->empty);
    must(rmdir(p->root) == 0, "a test left files behind");
    unsetenv("TARN_TEST_MARK");
}

char *place_read_stub(const char *stub, size_t *size)
{
    char path[4200];
    struct stat st;
    snprintf(path, sizeof path, "%s/stub-%s.so", place_stubs, stub);
    int fd = open(path, O_RDONLY);
    must(fd >= 0 && fstat(fd, &st) == 0, path);
    *size = (size_t)st.st_size;
    char *data = malloc(*size);
    must(data && read(fd, data, *size) == (ssize_t)*size, path);
    close(fd);
    return data;
}

void place_write(const char *path, const void *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    must(fd >= 0 && write(fd, data, size) == (ssize_t)size, path);
    close(fd);
}

void place_copy_stub(const char *stub, const char *to)
{
    size_t size;
    char *data = place_read_stub(stub, &size);
    place_write(to, data, size);
    free(data);
}

const char *place_path(const struct place *p, const char *stub)
{
    static char path[4200];
    snprintf(path, sizeof path, "%s/%s.so", p->plugins, stub);
    return path;
}

void place_stub(const struct place *p, const char *stub, char *path_out)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/%s.so", p->plugins, stub);
    place_copy_stub(stub, path);
    if (path_out)
        memcpy(path_out, path, sizeof path);
}

void place_mark_on(const struct place *p)
{
    setenv("TARN_TEST_MARK", p->mark, 1);
}

bool place_marked(const struct place *p)
{
    return access(p->mark, F_OK) == 0;
}
