/* tarn-consent.h - a tool call that waits for a person (UX 4.5).
 *
 * Shows the exact name and every argument whole.  No button has the default,
 * and none takes a press for the first half second.  Signal "decided" (number
 * of the call, enum tarn_consent, text): once; the text is an answer by hand.
 * Afterwards the card is one line that unfolds to arguments and result.
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_CONSENT_H
#define TARN_GUI_CONSENT_H

#include <gtk/gtk.h>

#include "core/turn/toolbox.h"

enum tarn_consent {
    TARN_CONSENT_DENY,
    TARN_CONSENT_ONCE,
    TARN_CONSENT_ARGUMENTS, /* these, in this chat */
    TARN_CONSENT_TOOL,      /* in this chat */
    TARN_CONSENT_BY_HAND
};

#define TARN_TYPE_CONSENT (tarn_consent_get_type())
G_DECLARE_FINAL_TYPE(TarnConsent, tarn_consent, TARN, CONSENT, GtkBox)

GtkWidget *tarn_consent_new(guint number, const struct tarn_asked *call);
/* The sentence that says what is asked. */
GtkLabel *tarn_consent_wants(TarnConsent *c);
/* The call was decided, by whom ever. */
void tarn_consent_done(TarnConsent *c, const struct tarn_asked *call,
                       enum tarn_consent how);

#endif
