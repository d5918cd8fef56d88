import Foundation
import TestSupport
import Testing

/// Pages refer to what exists, and every decision has its record.
@Suite struct DocumentationTests {
    static let pages =
        ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(Checkout.file)
        + ["docs", "Benchmarks"].flatMap { Checkout.files(below: $0, suffix: ".md") }

    @Test func everyLinkOfAPageLeadsSomewhere() throws {
        var checked = 0
        for page in Self.pages {
            let text = try String(contentsOf: page, encoding: .utf8)
            for link in text.matches(of: /\]\(([^)\s]+)\)/).map({ String($0.1) }) where !link.hasPrefix("http") {
                checked += 1
                let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                let target = parts[0].isEmpty ? page : page.deletingLastPathComponent().appending(path: parts[0])
                let name = "\(page.lastPathComponent): \(link)"
                guard FileManager.default.fileExists(atPath: target.standardizedFileURL.path) else {
                    Issue.record("\(name) leads to no file")
                    continue
                }
                if parts.count == 2, !parts[1].isEmpty {
                    #expect(try Self.anchors(of: target).contains(parts[1]), "\(name) leads to no heading")
                }
            }
        }
        #expect(checked > 30)
    }

    @Test func everyPathOfAPageIsInTheCheckout() throws {
        let pattern = #/`((?:Sources|Tests|scripts|docs|Benchmarks)/[\w./+-]+)(?: [^`]*)?`/#
        var checked = 0
        for page in Self.pages {
            for path in try String(contentsOf: page, encoding: .utf8).matches(of: pattern).map({ String($0.1) }) {
                checked += 1
                let exists = FileManager.default.fileExists(atPath: Checkout.file(path).path)
                #expect(exists, "\(page.lastPathComponent) names \(path)")
            }
        }
        #expect(checked > 30)
    }

    /// `docs/decisions` has one file for each topic; each entry has a date, a status and a decision, and the index names it.
    @Test func everyDecisionIsDatedAndInTheIndex() throws {
        let index = try Checkout.text("docs/decisions/README.md")
        let records = Checkout.files(below: "docs/decisions", suffix: ".md").filter { $0.lastPathComponent != "README.md" }
        #expect(records.count > 10 && records.count <= 20)
        for record in records {
            let text = try String(contentsOf: record, encoding: .utf8)
            let name = record.lastPathComponent
            #expect(name.contains(/^\d{4}-[a-z-]+\.md$/), "\(name)")
            #expect(index.contains("](\(name))"), "the index lacks \(name)")
            for entry in text.components(separatedBy: "\n## ").dropFirst() {
                let title = String(entry.prefix { $0 != "\n" })
                #expect(
                    entry.contains(/\n\*\d{4}-\d{2}-\d{2}[^\n]* · (?:accepted|replaced|open)[^\n]*\*\n/), "\(name): \(title)")
                #expect(
                    entry.contains("**Decision:**") || entry.contains("\n| ") || entry.contains("\n- "), "\(name): \(title)")
                let anchor = Self.anchor(title)
                #expect(index.contains("](\(name)#\(anchor))"), "the index lacks \(name)#\(anchor)")
            }
        }
    }

    private static func anchors(of page: URL) throws -> Set<String> {
        var isCode = false
        var anchors: Set<String> = []
        for line in try String(contentsOf: page, encoding: .utf8).split(separator: "\n") {
            if line.hasPrefix("```") { isCode.toggle() }
            if !isCode, line.hasPrefix("#") { anchors.insert(anchor(line.drop { $0 == "#" }.drop { $0 == " " })) }
        }
        return anchors
    }

    /// As GitHub makes it: lower case, blanks become hyphens, other marks go.
    private static func anchor(_ heading: some StringProtocol) -> String {
        String(
            heading.lowercased().compactMap { character in
                character == " " ? "-" : character.isLetter || character.isNumber || "-_".contains(character) ? character : nil
            })
    }
}
