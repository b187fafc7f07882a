import Schema
import Store
import Testing

/// The arithmetic of a stage's watermark: pure, minutes on the business clock beside seconds on the wall.
@Suite("The watermark of a stage")
struct StageTimeTests {
    /// The workers' rows and the value that is worked out, as a store keeps them.
    private struct Scene {
        var time = StageTime()
        var leases: [Lease] = []
        var patience: Int64 = 900

        func wall(_ second: Int64) -> Instant { start.adding(seconds: second) }
        func business(_ second: Int64) -> Instant { start.adding(minutes: second) }

        /// A mark asked at `second` that finds `consumers`.
        func mark(_ second: Int64, _ consumers: Int, before: Int64 = 0, word: Int64? = nil) -> Mark {
            Mark(
                asked: wall(second),
                marks: Marks(own: business(second), before: business(before), word: word.map(business)),
                consumers: consumers)
        }

        /// - Parameter told: what others have said, as a second of the business clock.
        mutating func beat(_ worker: String, at second: Int64, since: Int64?, _ mark: Mark? = nil, told: Int64? = nil) {
            let standing = time.take(
                StageTime.Beat(
                    worker: worker, standing: Standing(since: since.map(wall), mark: mark), wall: wall(second),
                    business: business(second),
                    told: told.map { Marks(own: business(second), before: business($0)) }, leaseSeconds: 10,
                    patienceSeconds: patience), leases: leases)
            leases.removeAll { $0.worker == worker }
            leases.append(Lease(worker: worker, until: wall(second + 10), standing: standing))
        }

        mutating func end(_ worker: String, at second: Int64) {
            leases.removeAll { $0.worker == worker }
            time.left(at: wall(second))
        }
    }

    /// Two workers that consume and have marked.
    private func twoAtWork() -> Scene {
        var scene = Scene()
        scene.beat("a", at: 0, since: 0)
        scene.beat("b", at: 1, since: 1)
        scene.beat("a", at: 3, since: 0, scene.mark(2, 2))
        scene.beat("b", at: 4, since: 1, scene.mark(3, 2))
        return scene
    }

    @Test func `it is the least mark of the workers`() {
        var scene = twoAtWork()
        #expect(scene.time.watermark == scene.business(2))
        scene.beat("b", at: 6, since: 1, scene.mark(5, 2))
        #expect(scene.time.watermark == scene.business(2))
        scene.beat("a", at: 7, since: 0, scene.mark(6, 2, before: 4))
        #expect(scene.time.watermark == scene.business(5))
        #expect(scene.time.bounds.before == scene.business(0))
    }

    @Test func `before the first mark of each worker there is none`() {
        var scene = Scene()
        scene.beat("a", at: 0, since: 0)
        scene.beat("b", at: 1, since: 1)
        scene.beat("a", at: 3, since: 0, scene.mark(2, 2))
        #expect(scene.time.watermark == .distantPast)
    }

    @Test(arguments: [0, 1, 3])
    func `a mark that finds other consumers than there are leases does not count`(consumers: Int) {
        var scene = twoAtWork()
        scene.beat("b", at: 8, since: 1, scene.mark(7, 2))
        scene.beat("a", at: 9, since: 0, scene.mark(8, consumers))
        #expect(scene.time.watermark == scene.business(2))
    }

    @Test func `while a worker joins it stands, until each has asked anew`() {
        var scene = twoAtWork()
        scene.beat("c", at: 10, since: 10)
        scene.beat("a", at: 12, since: 0, scene.mark(11, 3))
        scene.beat("b", at: 12, since: 1, scene.mark(11, 3))
        #expect(scene.time.watermark == scene.business(2))
        scene.beat("c", at: 13, since: 10, scene.mark(12, 3))
        #expect(scene.time.watermark == scene.business(11))
    }

    @Test func `a frozen worker holds it; after its lease all must ask, when its consumer has gone`() {
        var scene = twoAtWork()
        // `b` is frozen with what it has in hand; its lease ends at 14.
        for second in stride(from: Int64(6), to: 14, by: 2) {
            scene.beat("a", at: second + 1, since: 0, scene.mark(second, 2))
            #expect(scene.time.watermark <= scene.business(3))
        }
        // The broker still counts it as a consumer.
        scene.beat("a", at: 16, since: 0, scene.mark(15, 2))
        #expect(scene.time.watermark <= scene.business(3))
        // It has gone; what it held is with `a`, which asks behind that.
        scene.beat("a", at: 18, since: 0, scene.mark(17, 1))
        #expect(scene.time.watermark == scene.business(17))
    }

    @Test func `an older mark of another does not let through what a frozen worker has given back`() {
        var scene = twoAtWork()
        scene.beat("c", at: 5, since: 5)
        for worker in ["a", "c"] { scene.beat(worker, at: 13, since: worker == "a" ? 0 : 5, scene.mark(12, 3)) }
        // `b` is frozen since 4; its lease ends at 14, the broker drops it at 16, and `c` gets what it had.
        scene.beat("a", at: 18, since: 0, scene.mark(17, 2))
        #expect(scene.time.watermark <= scene.business(3), "the mark of c was asked before b had gone")
        scene.beat("c", at: 20, since: 5, scene.mark(19, 2))
        #expect(scene.time.watermark == scene.business(17))
    }

    @Test func `a new subscription puts it on hold`() {
        var scene = twoAtWork()
        scene.beat("b", at: 8, since: 7)
        scene.beat("a", at: 9, since: 0, scene.mark(6, 2))
        scene.beat("b", at: 10, since: 7, scene.mark(9, 2))
        #expect(scene.time.watermark == scene.business(2), "a has asked before b came back")
        scene.beat("a", at: 11, since: 0, scene.mark(10, 2))
        #expect(scene.time.watermark == scene.business(9))
    }

    @Test func `one without a subscription is not waited for, once the others have asked anew`() {
        var scene = twoAtWork()
        scene.beat("b", at: 8, since: nil)
        scene.beat("a", at: 9, since: 0, scene.mark(7, 1))
        #expect(scene.time.watermark == scene.business(2))
        scene.beat("a", at: 10, since: 0, scene.mark(9, 1))
        #expect(scene.time.watermark == scene.business(9))
    }

    @Test func `an ended worker is not waited for, once the others have asked anew`() {
        var scene = twoAtWork()
        scene.end("b", at: 8)
        scene.beat("a", at: 9, since: 0, scene.mark(7, 1))
        #expect(scene.time.watermark == scene.business(2))
        scene.beat("a", at: 10, since: 0, scene.mark(9, 1))
        #expect(scene.time.watermark == scene.business(9))
    }

    @Test func `a worker of an older release counts as a consumer and keeps no mark`() {
        var scene = twoAtWork()
        scene.end("b", at: 5)
        scene.leases.append(Lease(worker: "old", until: scene.wall(100), standing: nil))
        scene.beat("a", at: 8, since: 0, scene.mark(7, 1))
        #expect(scene.time.watermark == scene.business(2))
        scene.beat("a", at: 9, since: 0, scene.mark(8, 2))
        #expect(scene.time.watermark == scene.business(8))
    }

    @Test func `it never goes back`() {
        var scene = twoAtWork()
        scene.beat("a", at: 8, since: 0, scene.mark(1, 2))
        scene.end("b", at: 9)
        scene.beat("a", at: 30, since: 29)
        #expect(scene.time.watermark == scene.business(2))
    }

    // MARK: Patience

    @Test func `by patience it follows the clock by so much time of work`() {
        var scene = Scene()
        for second in stride(from: Int64(0), through: 1_200, by: 3) {
            scene.beat("a", at: second, since: 0)
            let patient = scene.time.watermark
            if second < 900 { #expect(patient == .distantPast) }
            if second >= 960 {
                #expect(patient <= scene.business(second - 900))
                #expect(patient >= scene.business(second - 960))
            }
        }
        #expect(scene.time.marks == .none)
    }

    @Test func `clocks of two workers that differ a little do not make it grow faster`() {
        var scene = Scene()
        for second in Int64(0)..<890 {
            scene.beat("a", at: second, since: 0)
            scene.beat("b", at: second + 2, since: 0)
        }
        #expect(scene.time.watermark == .distantPast)
    }

    @Test func `time without a subscription, and time of which nothing is known, are no part of it`() {
        var scene = Scene()
        for second in stride(from: Int64(0), through: 600, by: 3) { scene.beat("a", at: second, since: 0) }
        // Four days without a worker count for no more than a lease; then an hour without a broker for nothing.
        let later: Int64 = 4 * 86_400
        for second in stride(from: later, through: later + 3_600, by: 3) { scene.beat("a", at: second, since: nil) }
        #expect(scene.time.watermark == .distantPast)
        let back = later + 3_603
        for second in stride(from: back, through: back + 200, by: 3) { scene.beat("a", at: second, since: back) }
        #expect(scene.time.watermark == .distantPast)
        for second in stride(from: back + 203, through: back + 360, by: 3) { scene.beat("a", at: second, since: back) }
        #expect(scene.time.watermark >= scene.business(0) && scene.time.watermark < scene.business(120))
    }

    @Test func `what is kept for it stays small`() throws {
        var scene = Scene()
        for second in stride(from: Int64(0), through: 20_000, by: 3) { scene.beat("a", at: second, since: 0) }
        #expect(try scene.time.encoded().count < 8_000)
    }

    @Test func `by patience it follows, too, what others had said so much time before`() {
        var scene = Scene()
        var wrong: [Int64] = []
        for second in stride(from: Int64(0), through: 1_800, by: 3) {
            scene.beat("a", at: second, since: 0, told: second - 5)
            let bounds = scene.time.bounds
            let isRight =
                second < 900
                ? bounds.withWord == .distantPast
                : second < 960
                    || (scene.business(second - 965)...scene.business(second - 905)).contains(bounds.withWord)
            if !isRight || bounds.withAll != bounds.withWord { wrong.append(second) }
        }
        #expect(wrong.isEmpty)
        #expect(scene.time.marks == .none)
    }

    @Test func `where nobody can ask what others have said it waits for that as long again, and no longer`() {
        var scene = Scene()
        for second in stride(from: Int64(0), through: 1_700, by: 3) { scene.beat("a", at: second, since: 0) }
        #expect(scene.time.bounds.withWord == .distantPast)
        for second in stride(from: Int64(1_703), through: 2_000, by: 3) { scene.beat("a", at: second, since: 0) }
        #expect(scene.time.bounds.withWord > scene.business(900))
    }

    @Test func `marks between two beats that tell of others do not put that off`() {
        var scene = Scene()
        for second in Int64(0)...1_800 {
            scene.beat("a", at: second, since: 0, told: second.isMultiple(of: 10) ? second - 5 : nil)
        }
        #expect(scene.time.bounds.withWord >= scene.business(1_800 - 900 - 80))
    }

    @Test func `an outage of another stage, however long, is no matter of patience`() {
        var scene = Scene()
        for second in stride(from: Int64(0), through: 20_000, by: 3) {
            // It says nothing new from 1,000 on.
            scene.beat("a", at: second, since: 0, told: min(second, 1_000))
        }
        #expect(scene.time.bounds.word == scene.business(1_000))
        #expect(scene.time.watermark >= scene.business(19_000))
    }

    @Test func `what others have said is taken to last where nobody could ask`() {
        var scene = Scene()
        for second in stride(from: Int64(0), through: 300, by: 3) {
            scene.beat("a", at: second, since: 0, told: second)
        }
        for second in stride(from: Int64(303), through: 2_000, by: 3) { scene.beat("a", at: second, since: 0) }
        let word = scene.time.bounds.word
        #expect(word > scene.business(200) && word <= scene.business(300))
    }

    // MARK: A clock that was ahead

    @Test func `a clock that was a day ahead and was set right holds nothing up`() {
        var scene = Scene()
        let ahead: Int64 = 86_400
        scene.beat("a", at: ahead, since: ahead)
        scene.end("b", at: ahead + 2)
        #expect(scene.time.changed > scene.wall(80_000))
        scene.leases.removeAll()
        scene.beat("a", at: 0, since: 0)
        #expect(scene.time.watermark == .distantPast)
        scene.beat("a", at: 3, since: 0, scene.mark(2, 1))
        #expect(scene.time.watermark == scene.business(2))
        for second in stride(from: Int64(6), through: 1_000, by: 3) { scene.beat("a", at: second, since: 0) }
        #expect(scene.time.watermark >= scene.business(20), "patience counts from the clock as it is")
    }

    @Test func `a lease that a clock ahead has written is nobody's, once all have asked anew`() {
        var scene = twoAtWork()
        scene.end("b", at: 5)
        let standing = Standing(since: scene.wall(86_000), mark: scene.mark(86_100, 2))
        scene.leases.append(Lease(worker: "gone", until: scene.wall(86_400), standing: standing))
        scene.beat("a", at: 8, since: 0, scene.mark(7, 1))
        #expect(scene.time.watermark == scene.business(2))
        // Whoever keeps the leases has removed it.
        scene.leases.removeAll { $0.worker == "gone" }
        scene.beat("a", at: 10, since: 0, scene.mark(9, 1))
        #expect(scene.time.watermark == scene.business(9))
    }

    @Test func `a mark that was asked by a clock ahead does not count`() {
        var scene = twoAtWork()
        scene.beat("b", at: 6, since: 1, scene.mark(600, 2))
        scene.beat("a", at: 7, since: 0, scene.mark(6, 2))
        #expect(scene.time.watermark == scene.business(3), "the mark of b before")
    }

    @Test func `it remembers for a minute an older worker, and tells of consumers that are no workers`() {
        var scene = twoAtWork()
        #expect(!scene.time.isBesideOlder(at: scene.wall(4)) && scene.time.strangers == nil)
        scene.leases.append(Lease(worker: "old", until: scene.wall(20), standing: nil))
        scene.beat("a", at: 8, since: 0, scene.mark(7, 2))
        #expect(scene.time.strangers.map { [$0.consumers, $0.workers] } == [2, 3])
        scene.leases.removeAll { $0.worker == "old" }
        scene.beat("a", at: 21, since: 0, scene.mark(20, 2))
        #expect(scene.time.isBesideOlder(at: scene.wall(68)) && !scene.time.isBesideOlder(at: scene.wall(69)))
    }

    // MARK: What others are told

    @Test func `others are told once what followed has been published`() {
        var scene = twoAtWork()
        scene.time.say(oldestUnconfirmed: 7, last: 9)
        #expect(scene.time.said == .distantPast)
        scene.beat("a", at: 6, since: 0, scene.mark(5, 2))
        scene.time.say(oldestUnconfirmed: 9, last: 20)
        #expect(scene.time.said == .distantPast)
        // Entry 9 has been published; what came since has not.
        scene.time.say(oldestUnconfirmed: 10, last: 20)
        #expect(scene.time.said == scene.business(2))
        scene.time.say(oldestUnconfirmed: nil, last: 20)
        #expect(scene.time.said == scene.business(3))
    }

    @Test func `it is read as it was written, and its wall times move to another clock and back`() throws {
        var scene = twoAtWork()
        scene.time.say(oldestUnconfirmed: 7, last: 9)
        scene.time.actedByPatience = 3
        let there = scene.time.shifted(by: 1_234_567)
        #expect(there.changed == Instant(microseconds: scene.time.changed.microseconds + 1_234_567))
        #expect(try StageTime(encoded: there.encoded()).shifted(by: -1_234_567) == scene.time)
        #expect(try StageTime(encoded: StageTime().encoded()) == StageTime())
        #expect(throws: StoreFailure.self) { try StageTime(encoded: Array("{}".utf8)) }
    }
}
