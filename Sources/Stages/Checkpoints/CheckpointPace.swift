/// When a stage's state is saved next, and how long the stage needs to save it once more: from what saving has cost so far.
struct CheckpointPace {
    typealias Instant = ContinuousClock.Instant

    /// From one save to the next, at least; with none, every opportunity is taken.
    private let interval: Duration
    /// When the last save ended, or the stage began.
    private var lastSave: Instant
    private var isSaving = false
    /// What the last save took from the stage's time; `nil` before the first.
    private var cost: Duration?
    /// How long the longest one took, beside the stage.
    private var longestSave = Duration.zero
    private var lastOpportunity: Instant
    private var longestStep = Duration.zero

    /// A save may cost so much of the time to the next one: less than 2%.
    private static let timesCost = 50
    /// Of a state that was never saved, copied, hashed and handed to the system: bytes in a second.
    private static let expectedRate = 500e6
    /// Of a stop: long enough for a large state on a slow disk, and no longer than somebody waits.
    private static let graces = Duration.seconds(30)...Duration.seconds(600)

    init(interval: Duration, now: Instant) {
        self.interval = interval
        (lastSave, lastOpportunity) = (now, now)
    }

    /// Notes that the stage is where it could save its state.
    mutating func reach(_ now: Instant) {
        longestStep = max(longestStep, now - lastOpportunity)
        lastOpportunity = now
    }

    /// - Parameter bytes: of the state, roughly.
    func isDue(at now: Instant, bytes: Int) -> Bool { !isSaving && now - lastSave >= pause(bytes: bytes) }

    mutating func beginSave() { isSaving = true }

    /// - Parameters:
    ///   - cost: what the save took from the stage: the standstill, and the time of a processor beside it.
    ///   - duration: from its begin to its end.
    mutating func endSave(at now: Instant, cost: Duration, duration: Duration) {
        (isSaving, self.cost, lastSave) = (false, cost, now)
        longestSave = max(longestSave, duration)
    }

    /// The time within which a stage that is asked to stop has saved its state: that of three steps and saves as long as the
    /// longest so far, at least 30 seconds and at most ten minutes.
    func grace(at now: Instant) -> Duration {
        let step = max(longestStep, now - lastOpportunity)
        return min(max((step + longestSave) * 3, Self.graces.lowerBound), Self.graces.upperBound)
    }

    private func pause(bytes: Int) -> Duration {
        guard interval > .zero else { return .zero }
        return max(interval, (cost ?? .seconds(Double(bytes) / Self.expectedRate)) * Self.timesCost)
    }
}
