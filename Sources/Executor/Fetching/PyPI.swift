import Foundation

/// Distributions of Python packages, through pip: it knows this machine's index and credentials.
struct PyPI {
    let environment: [String: String]

    /// Downloads the wheel of `name==version`.
    func download(_ requirement: String, _ workspace: FetchWorkspace) async throws(FetchError) -> URL {
        let pattern = /[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?==[A-Za-z0-9][A-Za-z0-9.!+_-]*/
        guard requirement.utf8.count <= 255, requirement.wholeMatch(of: pattern) != nil else {
            throw .invalid(requirement, expected: "a requirement of the form name==version")
        }
        let folder = workspace.scratch.appending(path: "wheels", directoryHint: .isDirectory)
        let python = ToolRun(program: "python3", environment: environment, workspace: workspace)
        try await python([
            "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--no-input", "-q",
            "-d", folder.path, "--", requirement,
        ])
        let files = try FetchError.keeping(workspace.label) { try FileManager.default.contentsOfDirectory(atPath: folder.path) }
        guard files.count == 1, let wheel = files.first else {
            throw .programFailed(origin: workspace.label, program: "pip", reason: "it gave \(files.count) files instead of one")
        }
        return folder.appending(path: wheel)
    }
}
