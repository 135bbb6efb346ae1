/* ref_plugin.c - the reference backend as a plugin. */
#include "backends/note.h"
#include "backends/ref/ref.h"

TARN_PLUGIN("ref", "1.0", TARN_NOTE_LAST, tarn_backend_ref);
