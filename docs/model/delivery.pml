/* How an event gets from the queue of one stage to its effect at the next: inbox, outbox, lease, acknowledgement.
 *
 * One broker; a stage with two competing workers on one database; the next stage; the parking of dead letters. Each
 * `atomic` is one transaction, or one message to or from the broker. Between any two a worker may be killed, its
 * connection cut, or its lease run out while it is merely slow. README.md says what is shown and how to run it.
 * With one of the MUTANT_ symbols defined, one rule of the protocol is broken.
 */

#ifndef EVENTS
#define EVENTS 2
#endif
/* Kills, cuts and early ends of a lease in one run; without a bound a run could consist of faults alone. */
#ifndef FAULTS
#define FAULTS 3
#endif
#define WORKERS 2
#define AT (w * EVENTS + e)
#define PAIRS (WORKERS * EVENTS)

/* The broker: copies that are ready, and whether one is unacknowledged. */
byte stage_queue[EVENTS] = 1; /* upstream publishes with confirms: what counts as published is here */
bool stage_unacked[PAIRS];
byte next_queue[EVENTS];
bool next_unacked[EVENTS];
byte dead_queue[EVENTS];
bool dead_unacked[EVENTS];

/* The database of the stage. */
bool claimed[EVENTS];  /* inbox */
byte effects[EVENTS];
bool row[EVENTS];      /* outbox */
byte owner[EVENTS];
bool lease[WORKERS] = true;

/* The databases of the next stage and of the dead letters. */
bool next_claimed[EVENTS];
byte next_effects[EVENTS];
bool parked[EVENTS];

/* The contract refuses the event: it belongs among the dead letters. */
bool poison[EVENTS];

bool alive[WORKERS] = true;
byte living = WORKERS;
byte faults;

/* The memory of a worker, gone when it is killed: how far it is with a delivery, and with the one message that follows
 * from it (the outbox row's, or the dead letter). `lost`: cut off before its confirm came. */
mtype = { nothing, received, settled, unsent, sent, lost, confirmed };
mtype hand[PAIRS] = nothing;
mtype out[PAIRS] = nothing;

/* What a worker does about one event. Its steps for different events are independent, so each has a process. */
proctype Handling(byte w; byte e) {
end:
    do
    :: atomic { alive[w] && stage_queue[e] > 0 && hand[AT] == nothing && !stage_unacked[AT] ->
        stage_queue[e]--;
        stage_unacked[AT] = true;
        hand[AT] = received }

    /* The transaction: claim, effect and outbox row, or none of them. */
    :: atomic { alive[w] && hand[AT] == received && !poison[e] ->
        if
#ifndef MUTANT_NO_CLAIM
        :: claimed[e]
#endif
#ifdef MUTANT_NO_CLAIM
        :: true ->
#else
        :: !claimed[e] ->
#endif
            claimed[e] = true;
            effects[e]++;
            assert(effects[e] == 1);
            row[e] = true;
            owner[e] = w;
            out[AT] = unsent
        fi;
        hand[AT] = settled }

    /* A dead letter settles its delivery only when it is confirmed. */
    :: atomic { alive[w] && hand[AT] == received && poison[e] && out[AT] == nothing ->
#ifdef MUTANT_DEAD_LETTER_UNCONFIRMED
        hand[AT] = settled;
#endif
        out[AT] = unsent }

#ifdef MUTANT_EARLY_ACKNOWLEDGEMENT
    :: atomic { alive[w] && hand[AT] == received && stage_unacked[AT] -> stage_unacked[AT] = false }
#endif
    /* Acknowledged on the channel that delivered it; of another channel it is not spoken of any more. */
    :: atomic { alive[w] && hand[AT] == settled -> stage_unacked[AT] = false; hand[AT] = nothing }

    :: atomic { alive[w] && out[AT] == unsent ->
        if
        :: poison[e] -> dead_queue[e]++
        :: else -> next_queue[e]++
        fi;
#ifdef MUTANT_FORGET_BEFORE_CONFIRM
        row[e] = false;
#endif
        out[AT] = sent }
    /* The connection breaks before the message arrives, or after it and before its confirm does. */
    :: atomic { alive[w] && out[AT] == unsent && faults < FAULTS -> faults++;
#ifdef MUTANT_FORGET_BEFORE_CONFIRM
        row[e] = false; out[AT] = nothing
#else
        out[AT] = lost
#endif
        }
    :: atomic { alive[w] && out[AT] == sent && faults < FAULTS -> faults++; out[AT] = lost }
    :: atomic { alive[w] && out[AT] == lost -> out[AT] = unsent }

    :: atomic { alive[w] && out[AT] == sent ->
        if
        :: poison[e] -> out[AT] = nothing; if :: hand[AT] == received -> hand[AT] = settled :: else fi
        :: else -> out[AT] = confirmed
        fi }
    /* With the next transaction. */
    :: atomic { alive[w] && out[AT] == confirmed -> row[e] = false; out[AT] = nothing }

#ifndef MUTANT_NO_SWEEP
    /* The sweeper takes over what nobody living owns, and renews its own lease in the same transaction. */
    :: atomic { alive[w] && row[e] && !lease[owner[e]] ->
        owner[e] = w;
        lease[w] = true;
        if :: out[AT] == nothing -> out[AT] = unsent :: else fi }
#endif

    /* The consumer's connection is cut: the broker gives the delivery to somebody else; what is being decided is decided. */
    :: atomic { alive[w] && stage_unacked[AT] && faults < FAULTS -> faults++;
        stage_unacked[AT] = false;
        stage_queue[e]++ }
    od
}

/* Kill, restart and lease of a worker. One that does not come back leaves another behind. */
proctype Life(byte w) {
    byte e;
end:
    do
    :: atomic { alive[w] && faults < FAULTS -> faults++;
        alive[w] = false;
        living--;
        for (e : 0 .. EVENTS - 1) {
            if :: stage_unacked[AT] -> stage_unacked[AT] = false; stage_queue[e]++ :: else fi;
            hand[AT] = nothing;
            out[AT] = nothing
        }
        e = 0;
        if
        :: living > 0 -> break      /* never again: its lease runs out */
        :: true
        fi }
    /* A worker that starts under its own name takes over at once what it left. */
    :: atomic { !alive[w] ->
        alive[w] = true;
        living++;
        lease[w] = true;
        for (e : 0 .. EVENTS - 1) {
            if :: row[e] && owner[e] == w -> out[AT] = unsent :: else fi
        }
        e = 0 }
    /* A slow worker's lease runs out under it; it renews it when it notices. */
    :: atomic { alive[w] && lease[w] && faults < FAULTS -> faults++; lease[w] = false }
    :: atomic { alive[w] && !lease[w] -> lease[w] = true }
    od;
    lease[w] = false
}

/* The worker of the next stage: the same inbox. Its kill gives the delivery back; its transaction is atomic. */
proctype Next(byte e) {
end:
    do
    :: atomic { next_queue[e] > 0 && !next_unacked[e] -> next_queue[e]--; next_unacked[e] = true }
    :: atomic { next_unacked[e] && !next_claimed[e] ->
        next_claimed[e] = true;
        next_effects[e]++;
        assert(next_effects[e] == 1) }
    :: atomic { next_unacked[e] && next_claimed[e] -> next_unacked[e] = false }
    :: atomic { next_unacked[e] && faults < FAULTS -> faults++; next_unacked[e] = false; next_queue[e]++ }
    od
}

/* Parking: one row for a letter, however often it comes. */
proctype Parking(byte e) {
end:
    do
    :: atomic { dead_queue[e] > 0 && !dead_unacked[e] -> dead_queue[e]--; dead_unacked[e] = true }
    :: atomic { dead_unacked[e] && !parked[e] -> parked[e] = true }
    :: atomic { dead_unacked[e] && parked[e] -> dead_unacked[e] = false }
    :: atomic { dead_unacked[e] && faults < FAULTS -> faults++; dead_unacked[e] = false; dead_queue[e]++ }
    od
}

/* When nothing can move any more, everything is done: nothing is lost, and nothing waits for ever. */
proctype Quiet() {
    byte e;
    timeout ->
    atomic {
        for (e : 0 .. EVENTS - 1) {
            assert(stage_queue[e] == 0 && next_queue[e] == 0 && dead_queue[e] == 0 && !row[e]);
            assert(poison[e] == parked[e]);
            assert(effects[e] == (poison[e] -> 0 : 1));
            assert(next_effects[e] == effects[e])
        }
    }
}

init {
    byte w, e;
    atomic {
        for (e : 0 .. EVENTS - 1) {
            if :: poison[e] = true :: true fi;
            for (w : 0 .. WORKERS - 1) { run Handling(w, e) }
            run Next(e);
            run Parking(e)
        }
        for (w : 0 .. WORKERS - 1) { run Life(w) }
        run Quiet()
    }
}
