/* main.c - starts the window. */
#include <locale.h>

#include "core/tarn.h"
#include "gui/tarn-application.h"
#include "gui/tarn-config.h"
#include "gui/tarn-words.h"
#include "plugins/plugins.h"

int main(int argc, char **argv)
{
    int probed;
    if (tarn_plugins_probe_main(argc, argv, &probed))
        return probed; /* this process was started to try a plugin */
    setlocale(LC_ALL, "");
    bindtextdomain("tarn", TARN_LOCALE_DIR);
    bind_textdomain_codeset("tarn", "UTF-8");
    textdomain("tarn");
    g_set_prgname("tarn-window");
    g_autoptr(TarnApplication) app = tarn_application_new();
    int rc = g_application_run(G_APPLICATION(app), argc, argv);
    int code = tarn_application_exit_code(app);
    /* GLib ends with 1 on an option that it does not know. */
    return code ? code : rc == 1 ? (int)TARN_USAGE : rc;
}
