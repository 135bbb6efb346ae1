/* dummy_plugin.c - the dummy backend as a plugin. */
#include "backends/dummy/dummy.h"
#include "backends/note.h"

TARN_PLUGIN("dummy", "1.0", TARN_NOTE_DOUBLE, tarn_backend_dummy);
