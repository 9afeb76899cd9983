// A function marked so is compiled for AVX2 with FMA and, chosen at run time, for any other processor. Where both must give
// the same bits, its file is compiled with -ffp-contract=off (CMakeLists.txt): a product and a sum are then rounded each.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define CLINICADL_CLONES __attribute__((target_clones("arch=x86-64-v3", "default"), optimize("O3")))
#else
#define CLINICADL_CLONES
#endif
