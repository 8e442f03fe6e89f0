/* The random streams of riskmodel/_kernels/rng.py: xoshiro256++, its state filled by SplitMix64
   from seed and trial. */
#include <math.h>
#include <stdint.h>

typedef struct { uint64_t s[4]; } rng_t;

static inline uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

static inline void start_stream(rng_t *r, uint64_t seed, uint64_t trial) {
  uint64_t z = mix(seed + 0x9E3779B97F4A7C15ULL)
             ^ mix(trial * 0x9E3779B97F4A7C15ULL + 0xBF58476D1CE4E5B9ULL);
  for (int i = 0; i < 4; i++) { z += 0x9E3779B97F4A7C15ULL; r->s[i] = mix(z); }
}

static inline uint64_t rotl(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

static inline double uniform(rng_t *r) {
  uint64_t *s = r->s, result = rotl(s[0] + s[3], 23) + s[0], t = s[1] << 17;
  s[2] ^= s[0]; s[3] ^= s[1]; s[1] ^= s[2]; s[0] ^= s[3]; s[2] ^= t; s[3] = rotl(s[3], 45);
  return ((double)(result >> 11) + 0.5) * (1.0 / 9007199254740992.0);
}

static inline double exponential(rng_t *r) { return -log(uniform(r)); }
