import BuildModel

/// How long actions ran here, as the index remembers it.
package struct DurationHistory: Sendable {
    /// All runs of one kind.
    package struct Runs: Hashable, Sendable {
        var count = 0
        var seconds = 0.0
        /// Of the runs whose work is known.
        var knownSeconds = 0.0
        var work = 0.0

        package var meanSeconds: Double { seconds / Double(max(count, 1)) }
        /// `nil` where no run's work is known.
        package var secondsPerWork: Double? { work > 0 ? knownSeconds / work : nil }
    }

    private var byKey: [Digest: Double] = [:]
    private var byKind: [String: Runs] = [:]

    mutating func add(key: Digest, kind: String, seconds: Double, work: Double?) {
        byKey[key] = seconds
        byKind[kind, default: Runs()].count += 1
        byKind[kind, default: Runs()].seconds += seconds
        guard let work, work > 0 else { return }
        byKind[kind, default: Runs()].knownSeconds += seconds
        byKind[kind, default: Runs()].work += work
    }

    package func seconds(of key: Digest) -> Double? { byKey[key] }
    package func runs(of kind: String) -> Runs? { byKind[kind] }
}
