/* tarn-application.h - the program: one instance, one window.
 *
 * `tarn-window [MODEL.gguf]`.  A second start raises the first one's window
 * and opens its file there (D04).
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_APPLICATION_H
#define TARN_GUI_APPLICATION_H

#include <adwaita.h>

#define TARN_TYPE_APPLICATION (tarn_application_get_type())
G_DECLARE_FINAL_TYPE(TarnApplication, tarn_application, TARN, APPLICATION,
                     AdwApplication)

TarnApplication *tarn_application_new(void);
/* 143 after SIGTERM, else 0. */
int tarn_application_exit_code(TarnApplication *app);

#endif
