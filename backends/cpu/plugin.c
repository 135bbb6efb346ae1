/* plugin.c - one build of the cpu backend as a plugin. */
#include "backends/cpu/level.h"
#include "backends/note.h"

TARN_PLUGIN(TARN_CPU_NAME, TARN_CPU_VERSION, 0, TARN_CPU_GET);
