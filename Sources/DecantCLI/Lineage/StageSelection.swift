import BuildModel
import Store

/// Which stages of a lineage are to be run again.
struct StageSelection {
    /// Names, kinds or commits; empty for all.
    var stages: [String] = []
    /// From 0 to 1; `nil` for all.
    var share: Double?
    /// Decides which stages a share takes.
    var seed: UInt64

    /// - Throws: `CommandFailure` for a name that no stage has.
    func choose(from lineage: Lineage, names: StageNames) throws -> [Lineage.Stage] {
        for wanted in stages where !lineage.stages.contains(where: { matches($0, wanted, names) }) {
            throw CommandFailure.badInput("the lineage has no stage '\(wanted)'")
        }
        let named = lineage.stages.filter { stage in stages.isEmpty || stages.contains { matches(stage, $0, names) } }
        guard let share else { return named }
        // Sources are cheap, and are no share of the work.
        let candidates = named.filter { !$0.record.action.isSource }
        let count = min(candidates.count, max(1, Int((Double(candidates.count) * share).rounded(.up))))
        let drawn = candidates.sorted { lot(of: $0) < lot(of: $1) }.prefix(count).map(\.commit)
        return candidates.filter { drawn.contains($0.commit) }
    }

    private func matches(_ stage: Lineage.Stage, _ wanted: String, _ names: StageNames) -> Bool {
        names.name(of: stage.commit) == wanted || stage.record.action.kind == wanted
            || (wanted.isCommitPrefix && stage.commit.hex.hasPrefix(wanted))
    }

    /// Nobody who forges a stage knows whether it will be drawn.
    private func lot(of stage: Lineage.Stage) -> String { Digest(hashing: "\(seed) \(stage.record.action.key)").hex }
}
