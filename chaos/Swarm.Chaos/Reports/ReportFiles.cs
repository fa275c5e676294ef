using System.Text.Json;

namespace Swarm.Chaos.Reports;

/// <summary>A report's folder: report.json, report.html, and history.jsonl with every operation.</summary>
public static class ReportFiles
{
    public static string Folder(string root, string scenario, long seed) => Path.Combine(root, $"{scenario}-{seed}");

    public static void Write(string folder, RunReport report)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, "report.json"), JsonSerializer.SerializeToUtf8Bytes(report, ReportJson.Default.RunReport));
        File.WriteAllText(Path.Combine(folder, "report.html"), HtmlReport.Write(report));
        File.WriteAllLines(Path.Combine(folder, "history.jsonl"), report.Operations.Select(o => JsonSerializer.Serialize(o, HistoryJson.Default.Operation)));
    }
}
