/* vulkan_plugin.c - the Vulkan backend as a plugin. */
#include "backends/note.h"
#include "backends/vulkan/vulkan.h"

TARN_PLUGIN("vulkan", TARN_VULKAN_VERSION, TARN_NOTE_LOADS,
            tarn_backend_vulkan);
