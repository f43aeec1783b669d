// The build id that the linker wrote into this program (elf(5), NT_GNU_BUILD_ID).
#include "brood_process.h"

#include <elf.h>
#include <link.h>
#include <string.h>

struct found {
  const uint8_t *bytes;
  size_t size;
};

static size_t padded(size_t size) { return (size + 3) & ~(size_t)3; }

static int look(struct dl_phdr_info *info, size_t size, void *cookie) {
  (void)size;
  struct found *found = cookie;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
    if (segment->p_type != PT_NOTE) continue;
    const uint8_t *at = (const uint8_t *)info->dlpi_addr + segment->p_vaddr;
    const uint8_t *end = at + segment->p_memsz;
    while ((size_t)(end - at) >= sizeof(ElfW(Nhdr))) {
      ElfW(Nhdr) note;
      memcpy(&note, at, sizeof note);
      at += sizeof note;
      size_t name = padded(note.n_namesz), value = padded(note.n_descsz);
      if (name > (size_t)(end - at) || value > (size_t)(end - at) - name) break;
      if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && !memcmp(at, "GNU", 4)) {
        *found = (struct found){at + name, note.n_descsz};
        return 1;
      }
      at += name + value;
    }
  }
  return 1;  // the program itself comes first; libraries have ids of their own
}

size_t brood_build_id(const uint8_t **bytes) {
  struct found found = {NULL, 0};
  dl_iterate_phdr(look, &found);
  *bytes = found.bytes;
  return found.size;
}
