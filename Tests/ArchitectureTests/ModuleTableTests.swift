import Foundation
import TestSupport
import Testing

/// Holds the module table of `docs/architecture.md` against the manifest and every import.
@Suite struct ModuleTableTests {
    /// What every module may import: the language's own libraries.
    static let platform: Set<String> = ["Foundation", "FoundationNetworking", "Synchronization", "Dispatch", "Glibc"]

    let table: [String: Set<String>]

    init() throws {
        let page = try Checkout.text("docs/architecture.md")
        let section = try #require(page.components(separatedBy: "## Modules").last?.components(separatedBy: "\n## ").first)
        var table: [String: Set<String>] = [:]
        for line in section.split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            let names = cells[2] == "–" ? [] : cells[2].components(separatedBy: ", ")
            table[cells[0].trimmingCharacters(in: ["`"])] = Set(names)
        }
        self.table = table
    }

    @Test func everySourceFolderIsAModuleOfTheTable() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Checkout.file("Sources").path)
        #expect(Set(folders) == Set(table.keys))
    }

    @Test func importsStayWithinTheTable() throws {
        var checked = 0
        for (module, allowed) in table {
            for file in Checkout.files(below: "Sources/\(module)", suffix: ".swift") {
                for name in try imports(of: file) where !Self.platform.contains(name) {
                    checked += 1
                    #expect(allowed.contains(name), "\(module) imports \(name) in \(file.lastPathComponent)")
                }
            }
        }
        #expect(checked > 50)
    }

    @Test func manifestDependenciesEqualTheTable() throws {
        let manifest = try Checkout.text("Package.swift")
        let targets = manifest.matches(
            of: /\.(?:target|executableTarget)\(\s*name: "(\w+)"([^\x00]*?)(?=\n        \.|\n    \])/)
        var seen: Set<String> = []
        for target in targets where table[String(target.1)] != nil {
            let module = String(target.1)
            seen.insert(module)
            let list = target.2.firstMatch(of: /dependencies: \[([^\]]*)\]/)?.1 ?? ""
            let names = list.matches(of: /(?:product\(name: )?"(\w+)"(?:, package: "[^"]*")?/).map { String($0.1) }
            #expect(Set(names) == table[module], "dependencies of \(module)")
        }
        let system = manifest.matches(of: /\.systemLibrary\(name: "(\w+)"/).map { String($0.1) }
        #expect(seen.union(system) == Set(table.keys))
    }

    private func imports(of file: URL) throws -> [String] {
        try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap { line in
            guard line.contains("import ") else { return nil }
            return line.firstMatch(of: /^\s*(?:@\w+ |public )*import (?:struct |class |enum |func )?(\w+)/).map { String($0.1) }
        }
    }
}
