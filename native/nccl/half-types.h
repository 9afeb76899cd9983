// The half-precision types that declarations of CUDA's libraries name; nothing here computes with them. CUDA's own headers, which are passed over by their
// guards, take others that PyTorch's wheels do not bring.
#pragma once
#define __CUDA_FP16_H__
#define __CUDA_BF16_H__
#define __CUDA_FP8_H__
#define __CUDA_FP6_H__
#define __CUDA_FP4_H__
struct __half {
  unsigned short bits;
};
struct __half2 {
  __half x, y;
};
struct __nv_bfloat16 {
  unsigned short bits;
};
struct __nv_bfloat162 {
  __nv_bfloat16 x, y;
};
