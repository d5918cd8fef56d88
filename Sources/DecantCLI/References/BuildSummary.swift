import CanonicalJSON
import Foundation
import Stages
import Store

/// A build for people and for programs: who made what and when, and how good it is.
struct BuildSummary {
    let build: StoredBuild
    /// Names of the tags that stand on it, sorted.
    let tags: [String]
    /// `nil` where the build made no report.
    let report: JSON?

    init(_ build: StoredBuild, in store: Store) throws {
        self.build = build
        tags = try store.tags().filter { $0.commit == build.commit }.map(\.name)
        report = try store.report(of: build)?.json
    }

    var json: JSON {
        [
            "recipe": .string(build.recipe), "commit": .string(build.commit.hex), "author": .string(build.author),
            "time": .string(build.time.formatted(.iso8601)), "summary": .string(build.summary),
            "signed": .bool(build.isSigned), "previous": build.previous.map { .string($0.hex) } ?? .null,
            "tags": .array(tags.map(JSON.string)),
            "stages": .array(build.stages.map { ["name": .string($0.name), "commit": .string($0.commit.hex)] }),
            "targets": .array(build.targets.map { ["name": .string($0.name), "commit": .string($0.commit.hex)] }),
            "metrics": report ?? .null,
        ]
    }

    var text: String {
        var lines = [
            "build of \(build.recipe)",
            "  commit      \(build.commit.hex)\(build.isSigned ? " (signed)" : "")",
            "  author      \(build.author)",
            "  time        \(build.time.formatted(.iso8601))",
            "  summary     \(build.summary)",
            "  stages      \(build.stages.count)",
        ]
        if let previous = build.previous { lines.append("  previous    \(previous.short)") }
        if !tags.isEmpty { lines.append("  tags        \(tags.joined(separator: ", "))") }
        lines.append("  targets")
        lines += build.targets.map { "    \($0.commit.short)  \($0.name)" }
        if let report { lines += ["", ReportTable(report).text] }
        return lines.joined(separator: "\n")
    }
}
