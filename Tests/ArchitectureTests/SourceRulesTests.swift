import Foundation
import TestSupport
import Testing

/// What holds for every file below `Sources`.
@Suite struct SourceRulesTests {
    static let files = Checkout.files(below: "Sources", suffix: ".swift")

    /// Programming errors that may end the process: a lost callback context, a broken invariant, no memory.
    static let mayEndTheProcess: Set = [
        "BuildPass.swift", "Digest.swift", "FloatBuffer.swift", "HTTPConnection.swift", "InferenceWeights.swift",
        "ServerConnection.swift", "WeightPanels.swift",
    ]

    /// The lines outside comments that hold one of `words` and match.
    private static func places(
        of words: [String], _ pattern: some RegexComponent, but exempt: (URL) -> Bool = { _ in false }
    ) throws -> [String] {
        try files.filter { !exempt($0) }.flatMap { file -> [String] in
            let text = try String(contentsOf: file, encoding: .utf8)
            guard words.contains(where: text.contains) else { return [] }
            return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
                .filter { !$0.element.drop { $0 == " " }.hasPrefix("//") && $0.element.contains(pattern) }
                .map { "\(file.lastPathComponent):\($0.offset + 1)" }
        }
    }

    @Test func thereAreManyFiles() { #expect(Self.files.count > 100) }

    @Test func noDeclarationIsPublic() throws {
        #expect(
            try Self.places(
                of: ["public ", "open "],
                #/^\s*(?:@\w+ )*(?:public|open) (?:final |static |actor|class|enum|extension|func|init|let|protocol|struct|var)/#
            ) == [])
    }

    @Test func onlyTheCommandLinePrints() throws {
        #expect(try Self.places(of: ["print("], #/(?:^|[^.\w])print\(/#) { $0.path.contains("/DecantCLI/") } == [])
    }

    @Test func noErrorIsIgnoredByForce() throws {
        #expect(try Self.places(of: ["try!", "as! "], #/\btry!|\bas! /#) == [])
    }

    @Test func onlyNamedFilesEndTheProcess() throws {
        let found = try Self.places(of: ["fatalError(", "preconditionFailure("], #/\b(?:fatalError|preconditionFailure)\(/#)
        #expect(Set(found.map { $0.prefix { $0 != ":" } }.map(String.init)).subtracting(Self.mayEndTheProcess) == [])
    }

    /// Names that say nothing, and names that once hid what a type is.
    @Test func namesAreWordsOfTheField() throws {
        let vague = /Util|Helper|Manager|Common/
        #expect(Self.files.map(\.lastPathComponent).filter { $0.contains(vague) } == [])
        let hidden = [
            "Bell", "Seal", "Interview", "Terms", "Resumption", "KeptItem", "CompositionForm", "StageEnd", "StageEnding",
        ]
        let declaration = #/(?:struct|class|enum|actor|protocol|typealias) (\w+)/#
        for file in Self.files {
            let text = try String(contentsOf: file, encoding: .utf8)
            guard hidden.contains(where: text.contains) else { continue }
            let names = text.matches(of: declaration).map { String($0.1) }
            #expect(Set(names).isDisjoint(with: hidden), "\(file.lastPathComponent)")
        }
    }

    @Test func noFileHasMoreThan400Lines() throws {
        let long = try Self.lineCounts().filter { $0.value > 400 }
        #expect(long.isEmpty, "\(long)")
    }

    @Test func noFolderHasMoreThan20Files() throws {
        let all = Checkout.files(below: "Sources", suffix: "").filter { !$0.hasDirectoryPath && !Self.isFolder($0) }
        let full = Dictionary(grouping: all) { $0.deletingLastPathComponent().path }.filter { $0.value.count > 20 }
        #expect(full.isEmpty, "\(full.mapValues(\.count))")
    }

    /// One file holds one idea: neither a fragment nor a collection.
    @Test func theMedianFileHas100To170Lines() throws {
        let counts = try Self.lineCounts().values.sorted()
        let median = counts[counts.count / 2]
        #expect((100...170).contains(median), "the median is \(median)")
    }

    private static func lineCounts() throws -> [String: Int] {
        Dictionary(
            uniqueKeysWithValues: try files.map {
                ($0.path, try Data(contentsOf: $0).reduce(0) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) })
            })
    }

    private static func isFolder(_ url: URL) -> Bool {
        (try? url.resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory == true
    }
}
