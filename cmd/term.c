/* term.c - see term.h.  Handlers do one write() each. */
#include "cmd/term.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/error.h"

/* Signals belong to the process, so what handlers touch does too. */
static int signal_pipe[2] = { -1, -1 };
static int poke_pipe[2] = { -1, -1 };
static struct termios found;
static bool is_terminal;
static enum cmd_term_mode mode_now;

static const int CAUGHT[] = { SIGINT, SIGWINCH, SIGCONT, SIGTERM, SIGHUP };
#define N_CAUGHT (sizeof CAUGHT / sizeof *CAUGHT)

static void on_signal(int number)
{
    const int kept = errno;
    const char byte = (char)number;
    if (write(signal_pipe[1], &byte, 1) < 0) {
        /* full: as many signals are waiting already */
    }
    errno = kept;
}

static bool make_pipe(int out[2])
{
    if (pipe(out) != 0)
        return false;
    for (int i = 0; i < 2; i++) {
        fcntl(out[i], F_SETFL, O_NONBLOCK);
        fcntl(out[i], F_SETFD, FD_CLOEXEC);
    }
    return true;
}

enum tarn_status cmd_term_open(struct tarn_error *err)
{
    struct sigaction act = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    if (!make_pipe(signal_pipe) || !make_pipe(poke_pipe)) {
        cmd_term_close();
        return tarn_fail(err, TARN_NO_MEMORY,
                         "there is no file descriptor "
                         "left to watch the terminal");
    }
    is_terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &found) == 0;
    mode_now = CMD_TERM_COOKED;
    sigemptyset(&act.sa_mask);
    for (size_t i = 0; i < N_CAUGHT; i++)
        sigaction(CAUGHT[i], &act, NULL);
    atexit(cmd_term_close);
    return TARN_OK;
}

void cmd_term_close(void)
{
    if (signal_pipe[0] < 0)
        return;
    cmd_term_set_mode(CMD_TERM_COOKED);
    for (size_t i = 0; i < N_CAUGHT; i++)
        signal(CAUGHT[i], SIG_DFL);
    for (int i = 0; i < 2; i++) {
        close(signal_pipe[i]);
        if (poke_pipe[i] >= 0)
            close(poke_pipe[i]);
        signal_pipe[i] = poke_pipe[i] = -1;
    }
}

void cmd_term_set_mode(enum cmd_term_mode mode)
{
    if (!is_terminal)
        return;
    struct termios t = found;
    if (mode != CMD_TERM_COOKED) {
        t.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
        t.c_cc[VMIN] = 1;
        t.c_cc[VTIME] = 0;
    }
    if (mode == CMD_TERM_EDIT) {
        t.c_lflag &= ~(tcflag_t)ISIG;
        t.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IXON);
    }
    tcsetattr(STDIN_FILENO, TCSADRAIN, &t);
    mode_now = mode;
}

void cmd_term_suspend(void)
{
    const enum cmd_term_mode mode = mode_now;
    cmd_term_set_mode(CMD_TERM_COOKED);
    raise(SIGTSTP);
    cmd_term_set_mode(mode);
}

void cmd_term_size(unsigned *columns, unsigned *rows)
{
    struct winsize w;
    *columns = 80;
    *rows = 24;
    if ((ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 ||
         ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0) &&
        w.ws_col > 0) {
        *columns = w.ws_col < 20 ? 20 : w.ws_col;
        *rows = w.ws_row > 0 ? w.ws_row : 24;
    }
}

static unsigned signals_seen(void)
{
    unsigned seen = 0;
    char byte;
    while (read(signal_pipe[0], &byte, 1) == 1) {
        if (byte == SIGINT)
            seen |= CMD_TERM_INTERRUPT;
        if (byte == SIGTERM || byte == SIGHUP)
            seen |= CMD_TERM_QUIT;
        if (byte == SIGWINCH || byte == SIGCONT)
            seen |= CMD_TERM_RESIZE;
        if (byte == SIGCONT)
            cmd_term_set_mode(mode_now); /* the shell has set its own */
    }
    return seen;
}

unsigned cmd_term_wait(bool keys, int timeout_ms)
{
    struct pollfd fds[3] = { { signal_pipe[0], POLLIN, 0 },
                             { poke_pipe[0], POLLIN, 0 },
                             { keys ? STDIN_FILENO : -1, POLLIN, 0 } };
    char bytes[64];
    unsigned seen = 0;
    if (poll(fds, 3, timeout_ms) <= 0)
        return signals_seen();
    if (fds[0].revents)
        seen |= signals_seen();
    if (fds[1].revents) {
        while (read(poke_pipe[0], bytes, sizeof bytes) > 0)
            continue;
        seen |= CMD_TERM_POKED;
    }
    if (fds[2].revents)
        seen |= CMD_TERM_KEYS;
    return seen;
}

void cmd_term_poke(void)
{
    if (write(poke_pipe[1], "", 1) < 0) {
        /* full: it will wake up anyway */
    }
}

size_t cmd_term_read(char *out, size_t room)
{
    ssize_t n;
    do
        n = read(STDIN_FILENO, out, room);
    while (n < 0 && errno == EINTR);
    return n > 0 ? (size_t)n : 0;
}
