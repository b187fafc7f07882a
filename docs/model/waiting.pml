/* The waiting room of a stage: what becomes of an event that comes before what it refers to.
 *
 * Two events that wait for the same, the event that makes it known, and two competing workers on one database. Each
 * `atomic` is a statement on the database, or what a transaction does from the lock on its records to its commit, or a
 * message to or from the broker. Between any two a worker may be killed or its connection cut. README.md says what is
 * shown and how to run it. With one of the MUTANT_ symbols defined, one rule of the protocol is broken.
 */

/* Kills, cuts, commits that are told as failed and the like; without a bound a run could consist of faults alone. */
#ifndef FAULTS
#define FAULTS 2
#endif
#define WORKERS 2
#define EARLIER 0
#define LATER 1
#define WAITERS 2
#define MAKER 2
#define EVENTS 3
#define AT (w * WAITERS + e)
#define FOUND(x) found[w * WAITERS + x]

/* The broker: where the one copy of each event is. `held` and `settled`: a worker has it, not acknowledged yet. */
mtype = { unsent, ready, held, settled, gone };
mtype place[EVENTS] = unsent;
byte holder[EVENTS];
#define isInHand(e) (place[e] == held && holder[e] == w)

/* The database of the stage: how often an event is in the journal, and the rows of the room. */
byte effects[EVENTS];
mtype = { absent, waits, dies };
mtype row[WAITERS] = absent;
bool over[WAITERS];  /* it has waited as long as it may */
byte owner[WAITERS]; /* of one that dies: who publishes its dead letter */
#ifdef MUTANT_HOLDS_NO_ID
bool twice[WAITERS];
#endif

bool parked[WAITERS]; /* among the dead letters */

#define known (effects[MAKER] > 0)
/* What is waited for is a record, which whoever looks into the room sees as well. Else it is a name, which only the
 * step that makes it known knows. */
bool isRecord;
/* The waiting comes to its end in this run. */
bool timePasses;

bool alive[WORKERS] = true;
byte faults;

/* The memory of a worker, gone when it is killed. One transaction is in hand at a time: for an event that came, which
 * is not in the journal (`unclaimed`) nor in the room (`unknown`); or for those that a look into the room has found. */
mtype = { nothing, unclaimed, unknown, undecided, looking };
mtype work[WORKERS] = nothing;
byte about[WORKERS];
bool found[WORKERS * WAITERS];
#define isFree(w) (alive[w] && work[w] == nothing)
#define isAbout(e, state) (work[w] == state && about[w] == e)
/* The dead letter of one that dies under its lease. */
mtype = { none, unpublished, confirmed };
mtype letter[WORKERS * WAITERS] = none;
/* A transaction was told as failed: rows may die under its lease that it has not heard of. */
bool isUncertain[WORKERS];

inline apply(x) {
    effects[x]++;
    assert(effects[x] == 1)
}

/* Decides one that waits, unless the inbox knows it; what it waits for is known. */
inline takeOut(x) {
    row[x] = absent;
    over[x] = false;
    owner[x] = 0;
#ifdef MUTANT_HOLDS_NO_ID
    if :: twice[x] -> apply(x) :: else fi;
    apply(x)
#else
    if :: effects[x] == 0 -> apply(x) :: else fi
#endif
}

/* By the rule's time. */
inline takeWaiting() {
    if :: row[EARLIER] == waits -> takeOut(EARLIER) :: else fi;
    if :: row[LATER] == waits -> takeOut(LATER) :: else fi
}

inline free() {
    work[w] = nothing;
    about[w] = 0
}

/* The delivery may be acknowledged, if its channel is still there. */
inline settle(e) {
    if :: isInHand(e) -> place[e] = settled :: else fi
}

/* Committed; or told as failed though it was, and then tried again. */
inline committed(e) {
    if
    :: settle(e)
    :: faults < FAULTS -> faults++
    fi
}

/* A worker and the delivery of one event. */
proctype Handling(byte w; byte e) {
end:
    do
    :: atomic { alive[w] && place[e] == ready -> place[e] = held; holder[e] = w }

    /* The inbox asks the journal, then the room, before anything is locked. */
    :: atomic { isFree(w) && isInHand(e) ->
        if
        :: effects[e] > 0 -> settle(e)
        :: else -> work[w] = unclaimed; about[w] = e
        fi }
    :: atomic { isAbout(e, unclaimed) ->
        if
#ifndef MUTANT_HOLDS_NO_ID
        :: e != MAKER && row[e] != absent -> free(); settle(e)
#endif
        :: else -> work[w] = unknown
        fi }

#ifdef MUTANT_ACKNOWLEDGED_BEFORE_HELD
    :: atomic { isAbout(e, unknown) && e != MAKER && isInHand(e) -> place[e] = gone; holder[e] = 0 }
#endif

    /* The rest of the transaction, behind the lock on what the event refers to or makes known: it takes what waits, and
     * decides. If the event has got into the journal or the room meanwhile, it is undone and begins again. */
    :: atomic { isAbout(e, unknown) && e == MAKER ->
        free();
        if
        :: known
        :: else ->
            apply(e);
            if
#ifdef MUTANT_NOT_TAKEN
            :: true
#else
            :: takeWaiting()
            /* The transaction is full, or the event runs alone: a look finds what it leaves, if it is a record that
             * is waited for. */
#ifdef MUTANT_NAME_LEFT
            :: faults < FAULTS -> faults++
#else
            :: isRecord && faults < FAULTS -> faults++
#endif
#endif
            fi;
            committed(e)
        fi }
    :: atomic { isAbout(e, unknown) && e != MAKER && known ->
        free();
        if
        :: effects[e] > 0 || (isRecord && row[e] == waits)
        :: else ->
            if :: isRecord -> takeWaiting() :: else fi;
            assert(row[EARLIER] != waits && row[LATER] != waits);
            apply(e);
            committed(e)
        fi }
    :: atomic { isAbout(e, unknown) && e != MAKER && !known ->
        free();
        if
#ifdef MUTANT_NO_LOCK_ON_REFERENCE
        :: row[e] == absent -> work[w] = undecided; about[w] = e
#else
        :: row[e] == absent -> row[e] = waits; committed(e)
#endif
#ifdef MUTANT_HOLDS_NO_ID
        :: row[e] != absent -> twice[e] = true; committed(e)
#endif
        :: else
        fi }
#ifdef MUTANT_NO_LOCK_ON_REFERENCE
    :: atomic { isAbout(e, undecided) ->
        free();
        if :: row[e] == absent -> row[e] = waits; committed(e) :: else fi }
#endif

    :: atomic { place[e] == settled && holder[e] == w -> place[e] = gone; holder[e] = 0 }

    /* The channel is gone: the broker gives the delivery to somebody else; what is being decided is decided. */
    :: atomic { (place[e] == held || place[e] == settled) && holder[e] == w && faults < FAULTS -> faults++;
        place[e] = ready;
        holder[e] = 0 }
    od
}

/* It can be decided now: what it waits for is there, and no step has taken it. Or it must be: its time is over. */
#define isDue(x) (row[x] == waits && (over[x] || (isRecord && known)))

/* Looks take turns: where the clock runs each begins with a lock on the stage's time. */
#ifdef MUTANT_LOOKS_WITHOUT_TURNS
#define isTurn(w) true
#else
#define isTurn(w) (work[1 - w] != looking)
#endif

/* One that a look has found. Its reference was not locked then: a step may have been faster. */
inline decideAgain(x) {
    if
    :: FOUND(x) && known && row[x] != absent -> takeOut(x)
    :: FOUND(x) && !known && row[x] == waits ->
        row[x] = dies;
        owner[x] = w
    :: else
    fi;
    FOUND(x) = false
}

/* It hears of those that die under its lease, and publishes their dead letters. */
inline letters() {
    for (e : 0 .. WAITERS - 1) {
        if :: row[e] == dies && owner[e] == w && letter[AT] == none -> letter[AT] = unpublished :: else fi
#ifdef MUTANT_DYING_FORGOTTEN
        ; if :: letter[AT] == unpublished -> row[e] = absent :: else fi
#endif
    }
    e = 0
}

/* A worker looks into the room. */
proctype Room(byte w) {
    byte e;
end:
    do
    :: atomic { isFree(w) && isTurn(w) && (isDue(EARLIER) || isDue(LATER)) ->
        work[w] = looking;
        FOUND(EARLIER) = isDue(EARLIER);
        FOUND(LATER) = isDue(LATER) }
    :: atomic { work[w] == looking ->
        free();
        decideAgain(EARLIER);
        decideAgain(LATER);
        if
        :: letters()
        :: faults < FAULTS -> faults++; isUncertain[w] = true
        fi }
    :: atomic { isFree(w) && isUncertain[w] -> isUncertain[w] = false; letters() }
    od
}

/* A worker and the dead letter of one event. Parking makes one row of it, however often it comes. */
proctype Letter(byte w; byte e) {
end:
    do
    :: atomic { letter[AT] == unpublished -> parked[e] = true; letter[AT] = confirmed }
    :: atomic { isFree(w) && letter[AT] == confirmed ->
        letter[AT] = none;
        row[e] = absent;
        over[e] = false;
        owner[e] = 0 }

    /* Nobody living owns it, or a slow worker's lease has run out under it. */
    :: atomic { isFree(w) && row[e] == dies && owner[e] != w && (!alive[owner[e]] || faults < FAULTS) ->
        if :: alive[owner[e]] -> faults++ :: else fi;
        owner[e] = w;
        if :: letter[AT] == none -> letter[AT] = unpublished :: else fi }
    od
}

/* A worker is killed. It comes back at once and takes over what it left, or never, if another one lives. */
proctype Life(byte w) {
    byte e;
end:
    do
    :: atomic { alive[w] && faults < FAULTS -> faults++;
        free();
        isUncertain[w] = false;
        for (e : 0 .. EVENTS - 1) {
            if
            :: (place[e] == held || place[e] == settled) && holder[e] == w -> place[e] = ready; holder[e] = 0
            :: else
            fi
        }
        for (e : 0 .. WAITERS - 1) { FOUND(e) = false; letter[AT] = none }
        e = 0;
        if
        :: letters()
        :: alive[1 - w] -> alive[w] = false
        fi }
    od
}

/* No delivery is on its way or in hand. */
#define isTaken(e) (place[e] == unsent || place[e] == gone)
#define decidesNothing(w) (work[w] == nothing || work[w] == looking)
#ifdef MUTANT_END_BEFORE_REST
#define isAtRest true
#else
#define isAtRest (isTaken(EARLIER) && isTaken(LATER) && isTaken(MAKER) && decidesNothing(0) && decidesNothing(1))
#endif

/* An event is published, at any time; the maker perhaps never. Its waiting ends, once the stage is at rest. */
proctype World(byte e) {
end:
    do
    :: place[e] == unsent -> place[e] = ready
    :: place[e] == unsent && e == MAKER -> place[e] = gone
    :: timePasses && e != MAKER && row[e] == waits && !over[e] && isAtRest -> over[e] = true
    od
}

/* When nothing can move any more, each event has one fate, and none waits for what is known. */
proctype Quiet() {
    byte e;
    timeout ->
    atomic {
        for (e : 0 .. EVENTS - 1) { assert(place[e] == gone) }
        for (e : 0 .. WAITERS - 1) {
            assert(row[e] == absent || (row[e] == waits && !timePasses));
            assert(row[e] == absent || !known);
            assert(effects[e] + parked[e] + (row[e] == waits) == 1)
        }
    }
}

init {
    byte w, e;
    atomic {
        if :: isRecord = true :: true fi;
        if :: timePasses = true :: true fi;
        for (w : 0 .. WORKERS - 1) {
            for (e : 0 .. EVENTS - 1) { run Handling(w, e) }
            for (e : 0 .. WAITERS - 1) { run Letter(w, e) }
            run Room(w);
            run Life(w)
        }
        for (e : 0 .. EVENTS - 1) { run World(e) }
        run Quiet()
    }
}
