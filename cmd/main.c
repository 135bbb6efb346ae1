/* main.c - the `tarn` command: finds the subcommand, prints its sentence,
 * gives its status as the exit code (0 .. 9). */
#include <signal.h>
#include <string.h>
#if !defined(__wasm__)
#include <fcntl.h>
#include <unistd.h>
#endif

#include "cmd/cmd.h"
#include "cmd/list.h"
#if !defined(__wasm__)
#include "plugins/plugins.h"
#endif

static const struct cmd *const COMMANDS[] = { CMD_LIST };
#define N_COMMANDS (sizeof COMMANDS / sizeof *COMMANDS)

static const struct cmd *find_command(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (!strcmp(COMMANDS[i]->name, name))
            return COMMANDS[i];
    return NULL;
}

static void print_overview(void)
{
    printf("tarn " TARN_VERSION " - talks with LFM2 and LFM2.5 language "
           "models on this machine.\n\n"
           "Usage: tarn [COMMAND] [OPTIONS]\n\n"
           "Without a command: tarn chat with the small built-in model.\n\n"
           "Commands:\n");
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (COMMANDS[i]->summary[0])
            printf("  %-11s %s\n", COMMANDS[i]->name, COMMANDS[i]->summary);
    printf("\ntarn COMMAND --help says more.  MODEL is the path of a GGUF "
           "file;\nwithout one the built-in model answers.\n\n"
           "Example:\n  tarn run -p \"What is 17 + 25?\"\n");
}

static int finish(void)
{
    struct tarn_error err = { TARN_OK, "" };
    if (cmd_flush(&err) != TARN_OK)
        fprintf(stderr, "tarn: %s\n", err.text);
    return (int)err.status;
}

static int run_command(const struct cmd *c, int argc, char **argv)
{
    struct tarn_error err = { TARN_OK, "" };
    enum tarn_status s = c->run(c, argc, argv, &err);
    if (s == TARN_OK) /* help has been printed, for example */
        s = cmd_flush(&err);
    if (s == TARN_UNSUPPORTED || s == TARN_CANCELLED)
        s = TARN_INTERNAL; /* must have been handled below */
    if (s != TARN_OK && (int)s < 128) { /* 130, 143: a signal's */
        fflush(stdout);
        fprintf(stderr, "tarn: %s\n",
                err.text[0] ? err.text : tarn_status_name(s));
    }
    return (int)s;
}

#if !defined(__wasm__)
static void on_stop(int number)
{
    static const char SAYS[] = "tarn: interrupted\n";
    if (write(STDERR_FILENO, SAYS, sizeof SAYS - 1) < 0) {
        /* nobody listens */
    }
    _exit(128 + number);
}

static void settle_process(void)
{
    static const int STOPS[] = { SIGINT, SIGTERM };
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is TARN_IO, not a death; */
    signal(SIGXFSZ, SIG_IGN); /* so is the shell's limit of file sizes */
    /* What the shell has ignored (nohup, a job behind &) stays so. */
    for (size_t i = 0; i < sizeof STOPS / sizeof *STOPS; i++)
        if (signal(STOPS[i], on_stop) == SIG_IGN)
            signal(STOPS[i], SIG_IGN);
    /* Where a standard stream is closed, the next file opened would be taken
     * for it: the model for what was typed.  These fail as closed ones do. */
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}
#endif

int main(int argc, char **argv)
{
#if !defined(__wasm__)
    int code;
    if (tarn_plugins_probe_main(argc, argv, &code))
        return code;
    settle_process();
#endif
    if (argc == 3 && !strcmp(argv[1], "help") && find_command(argv[2])) {
        static char help[] = "--help";
        argv[1] = argv[2]; /* tarn help run */
        argv[2] = help;
    }
    if (argc >= 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
                      !strcmp(argv[1], "help"))) {
        print_overview();
        return finish();
    }
    if (argc >= 2 && !strcmp(argv[1], "--version")) {
        printf("tarn " TARN_VERSION "\n");
        return finish();
    }
    const struct cmd *c = find_command(argc >= 2 ? argv[1] : "chat");
    if (!c && argc >= 2 && argv[1][0] == '-')
        c = find_command("chat"); /* tarn --threads 2 */
    else if (c && argc >= 2)
        argc--, argv++;
    if (!c) {
        fprintf(stderr,
                "tarn: there is no command \"%s\"; tarn --help lists them\n",
                argc >= 2 ? tarn_shown_str(argv[1]).text : "chat");
        return TARN_USAGE;
    }
    return run_command(c, argc - 1, argv + 1);
}
