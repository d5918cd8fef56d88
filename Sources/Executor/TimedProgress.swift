import BuildModel
import CanonicalJSON
import Foundation

/// What a stage reported, and when: a line of its workspace's `progress.jsonl`.
package struct TimedProgress: Hashable, Sendable {
    package var progress: StageProgress
    /// Since the stage's process began.
    package var seconds: Double

    package init(_ progress: StageProgress, seconds: Double) { (self.progress, self.seconds) = (progress, seconds) }

    package var json: JSON {
        var members = progress.json.object ?? [:]
        members["seconds"] = .number(seconds)
        return .object(members)
    }

    /// Reads a line; `nil` where it is not one.
    package init?(json: JSON) {
        guard let progress = StageProgress(json: json), let seconds = json["seconds"]?.double, seconds >= 0 else { return nil }
        self.init(progress, seconds: seconds)
    }
}

extension StageWorkspace {
    /// What the stage reported since it last began; empty where it did not. A line that is not whole is left out.
    package var reported: [TimedProgress] {
        let lines = FileManager.default.contents(atPath: progress.path)?.split(separator: UInt8(ascii: "\n")) ?? []
        return lines.compactMap { (try? JSON(parsing: $0)).flatMap(TimedProgress.init) }
    }

    /// The part of the work that was left where the stage went on from its checkpoint.
    var shareOfLastAttempt: Double {
        guard let first = reported.first?.progress, first.total > 0 else { return 1 }
        return Double(first.total - min(first.done, first.total)) / Double(first.total)
    }
}
