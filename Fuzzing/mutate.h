/* Hostile documents: the published examples, changed by a seeded generator. */
#ifndef RECOURSE_MUTATE_H
#define RECOURSE_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/* What is known of a document when it is made. */
enum fate {
    FATE_ANY,    /* intact (source, id, type): the audit must find it taken or dead */
    FATE_DEAD,   /* the contract refuses it, and it may not even say what it is */
    FATE_HIDDEN, /* may be taken or refused; what it says of itself is not relied on */
    FATE_VALID   /* fits the contract */
};

struct text {
    char *bytes;
    size_t count, room;
};

struct example {
    char type[64]; /* without its version */
    int minimal;   /* required members only */
    int inbound;
    struct text body;
};

struct document {
    struct text body;
    char id[72], source[64];
    const struct example *example;
    enum fate fate;
};

extern const char *const strategy_names[];
extern const int strategy_count;

uint64_t next_random(void);
uint64_t below(uint64_t limit);
void seed_random(uint64_t seed);
void append(struct text *text, const void *bytes, size_t count);
/* Fills `document` from `example`; returns the strategy that was used. `number` makes its id unique. */
int make_document(struct document *document, const struct example *example, uint64_t number);

#endif
