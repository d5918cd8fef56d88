import Foundation
import TestSupport
import Testing

/// Every text of the checkout has the form that `.swift-format` and `.editorconfig` ask for.
@Suite struct FormatTests {
    @Test func swiftFilesAreFormatted() throws {
        let folders = ["Sources", "Tests", "Benchmarks", "Fuzz", "Package.swift"]
        let run = try ProgramRun(
            ["swift", "format", "lint", "--strict", "--recursive", "--parallel"] + folders, in: Checkout.root)
        #expect(run.status == 0, "run `swift format -i` on these files:\n\(run.output)\(run.errors)")
    }

    @Test func textsFollowTheEditorConfiguration() throws {
        let files = try Self.texts()
        #expect(files.count > 500)
        for (path, text) in files {
            #expect(!text.contains("\r"), "\(path) has carriage returns")
            #expect(text.isEmpty || text.hasSuffix("\n"), "\(path) has no line break at its end")
            for form in [" \n", "\t\n", "\n\t"] where text.contains(form) {
                let line = text.components(separatedBy: form)[0].split(separator: "\n", omittingEmptySubsequences: false).count
                Issue.record("\(path):\(line) has a blank at an end of the line, or a tab at its beginning")
            }
        }
    }

    /// A checkout must work in any folder of any machine.
    @Test func noTextNamesAPathOfOneMachine() throws {
        let pattern = #/(?:^|[^\w./)])/(?:home|root|work|Users|mnt)/\w/#
        let folders = ["home", "root", "work", "Users", "mnt"].map { "/\($0)/" }
        for (path, text) in try Self.texts() where folders.contains(where: text.contains) {
            if let match = text.firstMatch(of: pattern) { Issue.record("\(path): \(match.0)") }
        }
    }

    /// The texts that git knows, by path; inputs of tests that are wrong on purpose are left out.
    private static func texts() throws -> [(path: String, text: String)] {
        let list = try ProgramRun.output(
            of: ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], in: Checkout.root)
        return list.split(separator: "\0").map(String.init).filter { !$0.contains("/Golden/") }.compactMap { path in
            guard let data = FileManager.default.contents(atPath: Checkout.file(path).path), !data.contains(0) else {
                return nil
            }
            return String(data: data, encoding: .utf8).map { (path, $0) }
        }
    }
}
