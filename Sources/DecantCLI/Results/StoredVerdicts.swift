import CanonicalJSON
import Stages
import Store

extension VerdictPages {
    /// The verdicts in an artifact; those among the inputs of a report. `nil` where there are none.
    init?(behind target: StoredTarget, in store: Store) throws {
        let records = [target.record] + (try store.inputs(of: target.record))
        let names = try StageNames(around: target, in: store)
        var stages: [(name: String, lines: [JSON])] = []
        for record in records {
            guard let lines = try store.read(Self.file, of: record.artifact) else { continue }
            stages.append((names[record.commit], lines))
            if record.commit == target.record.commit { break }
        }
        self.init(stages)
        if isEmpty { return nil }
    }
}
