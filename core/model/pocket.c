/* pocket.c - where the model that ships lies.  Alone, so that programs which
 * bring a runtime of their own (tests of the window) can link it. */
#include "core/base/place.h"
#include "core/model/model.h"

bool tarn_pocket_path(char *out, size_t room)
{
    return tarn_place_pocket(out, room);
}
