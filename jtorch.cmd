@echo off
rem jtorch: finds a JDK 25 or newer, builds JTorch if it is missing or its sources changed, and runs the command line.
rem   JTORCH_OPTS   more options for the JVM, e.g. set JTORCH_OPTS=-Xmx8g
rem   JAVA_HOME     the JDK to use, if it is 25 or newer
setlocal enableextensions disabledelayedexpansion
set "JT_HOME=%~dp0"
if "%JT_HOME:~-1%"=="\" set "JT_HOME=%JT_HOME:~0,-1%"
set "JT_TARGET=%JT_HOME%\recipes\target"
set "JT_JDK="
set "JT_JVM=--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow -XX:+UseSerialGC -XX:Tier4InvocationThreshold=40000 -XX:Tier4MinInvocationThreshold=5000 -XX:Tier4CompileThreshold=100000 -XX:Tier4BackEdgeThreshold=400000"
rem The small methods of the fused passes must be part of the loops that call them, which the compiler by itself does in some runs only.
set "JT_VECTORS=--add-modules=jdk.incubator.vector -XX:CompileCommand=quiet -XX:CompileCommand=inline,org.jtorch.tensor.kernel.Mem::* -XX:CompileCommand=inline,org.jtorch.tensor.kernel.VectorMath::* -XX:CompileCommand=dontinline,org.jtorch.tensor.kernel.Mem::*Block -XX:CompileCommand=CompileThresholdScaling,org.jtorch.tensor.kernel.*::*,0.125"

if defined JAVA_HOME call :try "%JAVA_HOME%"
if not defined JT_JDK for /f "delims=" %%j in ('where java 2^>nul') do call :try "%%~dpj.."
for %%r in ("%ProgramFiles%\Eclipse Adoptium" "%ProgramFiles%\Java" "%ProgramFiles%\Microsoft" "%ProgramFiles%\Zulu" "%ProgramFiles%\Amazon Corretto" "%USERPROFILE%\.jdks" "%USERPROFILE%\scoop\apps") do (
  if not defined JT_JDK if exist "%%~r" for /d %%d in ("%%~r\*") do call :try "%%~d"
)
if not defined JT_JDK (
  echo jtorch: no JDK 25 or newer was found; install one, e.g. Temurin 25 ^(winget install EclipseAdoptium.Temurin.25.JDK^), or set JAVA_HOME to it. 1>&2
  exit /b 2
)

call :stale
if errorlevel 1 goto run
call :build
if errorlevel 1 exit /b %errorlevel%

:run
rem What computes has the fused passes; what ends at once is not worth optimising at all.
set "JT_KIND=%JT_VECTORS%"
set "JT_FIRST=%~1"
if not defined JT_FIRST set "JT_FIRST=-"
if "%JT_FIRST:~0,1%"=="-" set "JT_KIND=-XX:TieredStopAtLevel=1"
for %%q in (help ls cat cp validate report) do if "%JT_FIRST%"=="%%q" set "JT_KIND=-XX:TieredStopAtLevel=1"
"%JT_JDK%\bin\java.exe" %JT_JVM% %JT_KIND% "-XX:AOTCache=%JT_TARGET%\jtorch.aot" -Xlog:disable -Xlog:all=error:stderr -Xlog:aot*=off:stderr -Xlog:cds*=off:stderr %JTORCH_OPTS% "@%JT_TARGET%\jtorch.args" org.jtorch.recipes.cli.Main %*
exit /b %errorlevel%

rem Takes a folder as the JDK if its release file says 25 or newer.
:try
if defined JT_JDK exit /b 0
if not exist "%~1\bin\javac.exe" exit /b 0
if not exist "%~1\release" exit /b 0
for /f "tokens=2 delims==" %%v in ('findstr /b "JAVA_VERSION=" "%~1\release"') do (
  for /f "delims=.-+" %%m in ("%%~v") do if %%m geq 25 set "JT_JDK=%~f1"
)
exit /b 0

rem Exit code 0 if nothing is built here, or a pom.xml or anything below src\main is newer than the build.
:stale
if not exist "%JT_TARGET%\jtorch.args" exit /b 0
if not exist "%JT_TARGET%\jtorch.built" exit /b 0
powershell -NoProfile -Command "$h = $env:JT_HOME; $b = Get-Item -LiteralPath ($env:JT_TARGET + '\jtorch.built'); if ((Get-Content -LiteralPath $b.FullName -Raw).Trim() -ne $h) { exit 0 }; foreach ($m in '', 'jtorch-models\', 'jtorch-train\', 'jtorch-align\', 'recipes\') { $p = Get-Item -LiteralPath ($h + '\' + $m + 'pom.xml') -ErrorAction SilentlyContinue; if ($p -and $p.LastWriteTime -gt $b.LastWriteTime) { exit 0 }; if ($m -and (Test-Path -LiteralPath ($h + '\' + $m + 'src\main')) -and (Get-ChildItem -LiteralPath ($h + '\' + $m + 'src\main') -Recurse | Where-Object { $_.LastWriteTime -gt $b.LastWriteTime } | Select-Object -First 1)) { exit 0 } }; exit 1"
exit /b %errorlevel%

:build
set "JT_MVN=mvn"
if exist "%JT_HOME%\mvnw.cmd" set "JT_MVN=%JT_HOME%\mvnw.cmd"
where "%JT_MVN%" >nul 2>nul
if errorlevel 1 if not exist "%JT_MVN%" (
  echo jtorch: Maven is needed to build JTorch; install it and run this again. 1>&2
  exit /b 2
)
echo building JTorch ^(first time or sources changed^)... 1>&2
if not exist "%JT_TARGET%" mkdir "%JT_TARGET%"
powershell -NoProfile -Command "Set-Content -LiteralPath ($env:JT_TARGET + '\jtorch.building') -Value $env:JT_HOME"
set "JAVA_HOME=%JT_JDK%"
call "%JT_MVN%" -q -B -f "%JT_HOME%\pom.xml" -pl recipes -am -Dmaven.test.skip=true -Dspotless.check.skip=true package 1>&2
if errorlevel 1 (
  echo jtorch: the build failed; see above. 1>&2
  exit /b 70
)
rem The class path is too long for a command line: it goes into an argument file, backslashes doubled.
powershell -NoProfile -Command "$c = (Get-Content -LiteralPath ($env:JT_TARGET + '\jtorch.classpath') -Raw).Trim().Replace('\', '\\'); $u = New-Object System.Text.UTF8Encoding $false; [IO.File]::WriteAllText($env:JT_TARGET + '\jtorch.args', '-cp ' + [char]34 + $c + [char]34, $u)"
if errorlevel 1 exit /b 70
rem One step of training leaves a cache of loaded classes, so that later ones start quicker; without it all still works.
if exist "%JT_TARGET%\jtorch.aot" del "%JT_TARGET%\jtorch.aot"
"%JT_JDK%\bin\java.exe" %JT_JVM% %JT_VECTORS% "-XX:AOTCacheOutput=%JT_TARGET%\jtorch.aot" "@%JT_TARGET%\jtorch.args" org.jtorch.recipes.cli.WarmUp run quickstart --out "%JT_TARGET%\jtorch.warm" train.steps=1 train.schedule.warmup=0 eval.new_tokens=2 data.held_out_bytes=2000 >nul 2>nul
if exist "%JT_TARGET%\jtorch.warm" rmdir /s /q "%JT_TARGET%\jtorch.warm"
move /y "%JT_TARGET%\jtorch.building" "%JT_TARGET%\jtorch.built" >nul
exit /b 0
